namespace OneFractal.Training;

internal static partial class GradientRules
{
    private static Dictionary<string, GradientRule> Elementwise() => new()
    {
        ["Add"] = c => Both(c, dy => dy, dy => dy),
        ["Sub"] = c => Both(c, dy => dy, c.Graph.Neg),
        ["Mul"] = c => Both(c, dy => c.Graph.Mul(dy, c.Input(1)), dy => c.Graph.Mul(dy, c.Input(0))),
        ["Div"] = c => Both(c, dy => c.Graph.Div(dy, c.Input(1)), dy => c.Graph.Neg(c.Graph.Div(c.Graph.Mul(dy, c.Output()), c.Input(1)))),
        ["Pow"] = Pow,
        ["Sum"] = c => [.. Enumerable.Range(0, c.Count).Select(i => c.Wants(i) ? c.Graph.Unbroadcast(c.Gradient, c.Input(i)) : null)],
        ["Mean"] = c => [.. Enumerable.Range(0, c.Count).Select(i => c.Wants(i) ? c.Graph.Unbroadcast(c.Graph.Scale(c.Gradient, 1.0 / c.Count), c.Input(i)) : null)],
        ["Max"] = c => Extremum(c, "Equal"),
        ["Min"] = c => Extremum(c, "Equal"),
        ["Identity"] = c => [c.Gradient],
        ["Cast"] = c => [c.Graph.Node("Cast", [c.Gradient], ("to", (int)c.Input(0).Info.Type))],
        ["Neg"] = c => [c.Graph.Neg(c.Gradient)],
        ["Abs"] = c => [c.Graph.Mul(c.Gradient, c.Graph.Node("Sign", [c.Input(0)]))],
        ["Exp"] = c => [c.Graph.Mul(c.Gradient, c.Output())],
        ["Log"] = c => [c.Graph.Div(c.Gradient, c.Input(0))],
        ["Sqrt"] = c => [c.Graph.Div(c.Graph.Scale(c.Gradient, 0.5), c.Output())],
        ["Reciprocal"] = c => [c.Graph.Neg(c.Graph.Mul(c.Gradient, Square(c.Graph, c.Output())))],
        ["Sin"] = c => [c.Graph.Mul(c.Gradient, c.Graph.Node("Cos", [c.Input(0)]))],
        ["Cos"] = c => [c.Graph.Neg(c.Graph.Mul(c.Gradient, c.Graph.Node("Sin", [c.Input(0)])))],
        ["Erf"] = c => [c.Graph.Mul(c.Gradient, c.Graph.Scale(c.Graph.Exp(c.Graph.Neg(Square(c.Graph, c.Input(0)))), 2 / Math.Sqrt(Math.PI)))],
        ["Tanh"] = c => [c.Graph.Mul(c.Gradient, c.Graph.Sub(c.Graph.Float(1), Square(c.Graph, c.Output())))],
        ["Sigmoid"] = c => [c.Graph.Mul(c.Gradient, c.Graph.Mul(c.Output(), c.Graph.Sub(c.Graph.Float(1), c.Output())))],
        // The derivative is 0 or 1: what Relu returns times the largest number, cut off at 1. One fast pass, where comparisons, Cast and Sign are slow ones.
        ["Relu"] = c => [c.Graph.Mul(c.Gradient, c.Graph.Node("HardSigmoid", [c.Output()], ("alpha", float.MaxValue), ("beta", 0f)))],
        ["LeakyRelu"] = c => [Where(c, Positive(c), c.Gradient, c.Graph.Scale(c.Gradient, c.Node.GetFloat("alpha", 0.01f)))],
        ["Elu"] = c => [Where(c, Positive(c), c.Gradient, c.Graph.Mul(c.Gradient, c.Graph.Add(c.Output(), c.Graph.Float(c.Node.GetFloat("alpha", 1f)))))],
        ["Softplus"] = c => [c.Graph.Mul(c.Gradient, c.Graph.Node("Sigmoid", [c.Input(0)]))],
        ["HardSigmoid"] = c => [HardSigmoid(c, c.Node.GetFloat("alpha", 0.2f), c.Node.GetFloat("beta", 0.5f))],
        ["HardSwish"] = c => [HardSwish(c)],
        ["Clip"] = c => [Clip(c), .. Enumerable.Repeat<Value?>(null, c.Count - 1)],
        ["Where"] = c => [null, .. new[] { 1, 2 }.Select(i => c.Wants(i) ? WhereBranch(c, i) : null)],
        ["Softmax"] = c => [Softmax(c)],
        ["LogSoftmax"] = c => [LogSoftmax(c)],
    };

    private static Value?[] Both(GradientContext c, Func<Value, Value> left, Func<Value, Value> right)
    {
        var dy = c.Gradient;
        return
        [
            c.Wants(0) ? c.Graph.Unbroadcast(left(dy), c.Input(0)) : null,
            c.Wants(1) ? c.Graph.Unbroadcast(right(dy), c.Input(1)) : null,
        ];
    }

    private static Value?[] Pow(GradientContext c)
    {
        var (g, x) = (c.Graph, c.Input(0));
        // An exponent may be of another type than what it is of.
        var p = c.Input(1).Info.Type == DataType.Float ? c.Input(1) : ToFloat(g, c.Input(1));
        return Both(
            c,
            dy => g.Mul(dy, g.Mul(p, g.Node("Pow", [x, g.Sub(p, g.Float(1))]))),
            // At 0, where y · log x is no number, the limit.
            dy => g.Mul(dy, Where(c, g.Node("Equal", [x, g.Float(0)]), g.Float(0), g.Mul(c.Output(), g.Node("Log", [x])))));
    }

    /// <summary>The operand that was chosen gets the gradient; equal ones share it, as in PyTorch's amax.</summary>
    private static Value?[] Extremum(GradientContext c, string compare)
    {
        var g = c.Graph;
        var chosen = Enumerable.Range(0, c.Count).Select(i => ToFloat(g, g.Node(compare, [c.Input(i), c.Output()]))).ToArray();
        var share = g.Div(c.Gradient, chosen.Length == 1 ? chosen[0] : g.Sum(chosen));
        return [.. Enumerable.Range(0, c.Count).Select(i => c.Wants(i) ? g.Unbroadcast(g.Mul(share, chosen[i]), c.Input(i)) : null)];
    }

    private static Value HardSigmoid(GradientContext c, float alpha, float beta)
    {
        var g = c.Graph;
        var inside = g.Node("And", [g.Node("Greater", [c.Output(), g.Float(0)]), g.Node("Less", [c.Output(), g.Float(1)])]);
        return Where(c, inside, g.Scale(c.Gradient, alpha), g.Scale(c.Gradient, 0));
    }

    /// <summary>x · clip(x/6 + ½, 0, 1): its derivative is clip(x/6 + ½, 0, 1) + x/6 inside [−3, 3].</summary>
    private static Value HardSwish(GradientContext c)
    {
        var (g, x) = (c.Graph, c.Input(0));
        var gate = g.Node("HardSigmoid", [x], ("alpha", 1f / 6), ("beta", 0.5f));
        var inside = ToFloat(g, g.Node("Less", [g.Node("Abs", [x]), g.Float(3)]));
        return g.Mul(c.Gradient, g.Add(gate, g.Mul(inside, g.Scale(x, 1.0 / 6))));
    }

    private static Value Clip(GradientContext c)
    {
        var g = c.Graph;
        // Where the input passed unchanged; a bound itself passes, as in PyTorch.
        var unchanged = ToFloat(g, g.Node("Equal", [c.Input(0), c.Output()]));
        return g.Mul(c.Gradient, unchanged);
    }

    private static Value WhereBranch(GradientContext c, int input)
    {
        var zero = c.Graph.Float(0);
        var (yes, no) = input == 1 ? (c.Gradient, zero) : (zero, c.Gradient);
        return c.Graph.Unbroadcast(Where(c, c.Input(0), yes, no), c.Input(input));
    }

    private static Value Softmax(GradientContext c)
    {
        var (g, y) = (c.Graph, c.Output());
        var axis = SoftmaxAxis(c);
        return g.Mul(y, g.Sub(c.Gradient, g.ReduceSum(g.Mul(c.Gradient, y), true, axis)));
    }

    private static Value LogSoftmax(GradientContext c)
    {
        var g = c.Graph;
        return g.Sub(c.Gradient, g.Mul(g.Exp(c.Output()), g.ReduceSum(c.Gradient, true, SoftmaxAxis(c))));
    }

    private static long SoftmaxAxis(GradientContext c)
    {
        return c.Graph.Opset >= 13 ? c.Node.GetInt("axis", -1) : throw c.Error("has the semantics of before opset 13");
    }

    private static Value Positive(GradientContext c) => c.Graph.Node("Greater", [c.Input(0), c.Graph.Float(0)]);

    private static Value Where(GradientContext c, Value condition, Value yes, Value no) => c.Graph.Node("Where", [condition, yes, no]);

    private static Value Square(GraphBuilder g, Value x) => g.Mul(x, x);

    private static Value ToFloat(GraphBuilder g, Value x) => g.Node("Cast", [x], ("to", (int)DataType.Float));
}
