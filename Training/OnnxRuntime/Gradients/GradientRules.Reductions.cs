namespace OneFractal.Training;

internal static partial class GradientRules
{
    // What is divided by is at least this, so that the gradient of the norm of nothing is 0, as in PyTorch.
    private const float Smallest = 1e-30f;

    private static Dictionary<string, GradientRule> Reductions() => new()
    {
        ["ReduceSum"] = c => Reduced(c, (g, _, _, dy) => dy),
        ["ReduceMean"] = c => Reduced(c, (g, x, _, dy) => g.Scale(dy, 1.0 / x.Count(ReducedAxes(c)))),
        ["ReduceMax"] = c => Reduced(c, (g, x, y, dy) => Chosen(g, x, y, dy, ReducedAxes(c))),
        ["ReduceMin"] = c => Reduced(c, (g, x, y, dy) => Chosen(g, x, y, dy, ReducedAxes(c))),
        ["ReduceL1"] = c => Reduced(c, (g, x, _, dy) => g.Mul(dy, g.Node("Sign", [x]))),
        ["ReduceL2"] = c => Reduced(c, (g, x, y, dy) => g.Mul(g.Div(dy, g.Node("Max", [y, g.Float(Smallest)])), x)),
        ["ReduceSumSquare"] = c => Reduced(c, (g, x, _, dy) => g.Mul(g.Scale(dy, 2), x)),
        ["ReduceLogSum"] = c => Reduced(c, (g, _, y, dy) => g.Div(dy, g.Exp(y))),
        ["ReduceLogSumExp"] = c => Reduced(c, (g, x, y, dy) => g.Mul(dy, g.Exp(g.Sub(x, y)))),
        ["GlobalAveragePool"] = c => [SpreadMean(c, Space(c.Input(0)))],
        ["GlobalMaxPool"] = c => [Chosen(c.Graph, c.Input(0), c.Output(), c.Gradient, Space(c.Input(0)))],
    };

    /// <summary>The rule of a reduction: <paramref name="rule"/> gets the input, and output and gradient with the axes still there.</summary>
    private static Value?[] Reduced(GradientContext c, Func<GraphBuilder, Value, Value, Value, Value> rule)
    {
        var (g, x) = (c.Graph, c.Input(0));
        var axes = ReducedAxes(c);
        var keeps = c.Node.GetInt("keepdims", 1) != 0;
        Value Kept(Value v) => keeps ? v : g.Reshape(v, [.. x.Shape.Select((d, i) => axes.Contains(i) ? 1 : d.Value ?? -1)]);
        var gradient = rule(g, x, Kept(c.Output()), Kept(c.Gradient));
        var whole = gradient.Shape.SequenceEqual(x.Shape) ? gradient : g.Expand(gradient, g.Node("Shape", [x]));
        return [whole, .. Enumerable.Repeat<Value?>(null, c.Count - 1)];
    }

    private static Value SpreadMean(GradientContext c, long[] axes)
    {
        var (g, x) = (c.Graph, c.Input(0));
        return g.Expand(g.Scale(c.Gradient, 1.0 / x.Count(axes)), g.Node("Shape", [x]));
    }

    /// <summary>The elements that were chosen get the gradient; equal ones share it, as in PyTorch's amax.</summary>
    private static Value Chosen(GraphBuilder g, Value x, Value y, Value dy, long[] axes)
    {
        var chosen = ToFloat(g, g.Node("Equal", [x, y]));
        return g.Mul(g.Div(dy, g.ReduceSum(chosen, true, axes)), chosen);
    }

    /// <summary>The axes that a reduction sums over, counted from the first: all of them where it names none.</summary>
    private static long[] ReducedAxes(GradientContext c)
    {
        var rank = c.Input(0).Shape.Count;
        var axes = c.Ints("axes", 1) ?? [];
        return axes.Length > 0 ? [.. axes.Select(a => a < 0 ? a + rank : a)]
            : c.Node.GetInt("noop_with_empty_axes", 0) != 0 ? throw c.Error("reduces nothing")
            : [.. Enumerable.Range(0, rank).Select(i => (long)i)];
    }

    /// <summary>All axes but batch and channels.</summary>
    private static long[] Space(Value x) => [.. Enumerable.Range(2, x.Shape.Count - 2).Select(i => (long)i)];
}
