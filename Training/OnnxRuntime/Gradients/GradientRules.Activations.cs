namespace OneFractal.Training;

internal static partial class GradientRules
{
    private static Dictionary<string, GradientRule> Activations() => new()
    {
        ["PRelu"] = PRelu,
        ["Gelu"] = c => [c.Graph.Mul(c.Gradient, c.Node.GetString("approximate", "none") == "tanh" ? TanhGeluSlope(c) : GeluSlope(c))],
        ["Mish"] = c => [Mish(c)],
        ["Swish"] = c => [Swish(c, c.Node.GetFloat("alpha", 1f))],
        ["Celu"] = c => [Where(c, Positive(c), c.Gradient, c.Graph.Mul(c.Gradient, c.Graph.Exp(c.Graph.Scale(c.Input(0), 1 / c.Node.GetFloat("alpha", 1f)))))],
        ["Selu"] = c => [Selu(c, c.Node.GetFloat("alpha", 1.67326319217681884765625f), c.Node.GetFloat("gamma", 1.05070102214813232421875f))],
        ["Softsign"] = c => [c.Graph.Mul(c.Gradient, Square(c.Graph, c.Graph.Sub(c.Graph.Float(1), c.Graph.Node("Abs", [c.Output()]))))],
        ["ThresholdedRelu"] = c =>
            [c.Graph.Mul(c.Gradient, ToFloat(c.Graph, c.Graph.Node("Greater", [c.Input(0), c.Graph.Float(c.Node.GetFloat("alpha", 1f))])))],
    };

    private static Value?[] PRelu(GradientContext c)
    {
        var (g, slope, dy) = (c.Graph, c.Input(1), c.Gradient);
        return
        [
            c.Wants(0) ? Where(c, Positive(c), dy, g.Mul(dy, slope)) : null,
            c.Wants(1) ? g.Unbroadcast(g.Mul(dy, g.Node("Min", [c.Input(0), g.Float(0)])), slope) : null,
        ];
    }

    /// <summary>x · Φ(x): its derivative is Φ(x) + x · φ(x).</summary>
    private static Value GeluSlope(GradientContext c)
    {
        var (g, x) = (c.Graph, c.Input(0));
        var area = g.Scale(g.Add(g.Node("Erf", [g.Scale(x, Math.Sqrt(0.5))]), g.Float(1)), 0.5);
        var density = g.Scale(g.Exp(g.Scale(Square(g, x), -0.5)), 1 / Math.Sqrt(2 * Math.PI));
        return g.Add(area, g.Mul(x, density));
    }

    /// <summary>½ · x · (1 + t) with t = tanh(k · (x + a · x³)).</summary>
    private static Value TanhGeluSlope(GradientContext c)
    {
        const double A = 0.044715;
        var (g, x, k) = (c.Graph, c.Input(0), Math.Sqrt(2 / Math.PI));
        var square = Square(g, x);
        var t = g.Node("Tanh", [g.Scale(g.Mul(x, g.Add(g.Scale(square, A), g.Float(1))), k)]);
        var inner = g.Scale(g.Add(g.Scale(square, 3 * A), g.Float(1)), k);
        var slope = g.Mul(g.Mul(x, g.Sub(g.Float(1), Square(g, t))), inner);
        return g.Scale(g.Add(g.Add(t, g.Float(1)), slope), 0.5);
    }

    /// <summary>x · t with t = tanh(softplus(x)): its derivative is t + x · (1 − t²) · σ(x).</summary>
    private static Value Mish(GradientContext c)
    {
        var (g, x) = (c.Graph, c.Input(0));
        var t = g.Node("Tanh", [g.Node("Softplus", [x])]);
        var slope = g.Mul(g.Mul(x, g.Sub(g.Float(1), Square(g, t))), g.Node("Sigmoid", [x]));
        return g.Mul(c.Gradient, g.Add(t, slope));
    }

    /// <summary>x · s with s = σ(α · x): its derivative is s + α · y · (1 − s).</summary>
    private static Value Swish(GradientContext c, float alpha)
    {
        var g = c.Graph;
        var gate = g.Node("Sigmoid", [g.Scale(c.Input(0), alpha)]);
        return g.Mul(c.Gradient, g.Add(gate, g.Mul(g.Scale(c.Output(), alpha), g.Sub(g.Float(1), gate))));
    }

    /// <summary>γ · x above 0; below, γ · α · (eˣ − 1), whose derivative is the value itself plus γ · α.</summary>
    private static Value Selu(GradientContext c, float alpha, float gamma)
    {
        var g = c.Graph;
        return Where(c, Positive(c), g.Scale(c.Gradient, gamma), g.Mul(c.Gradient, g.Add(c.Output(), g.Float(gamma * alpha))));
    }
}
