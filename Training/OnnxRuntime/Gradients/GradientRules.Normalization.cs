namespace OneFractal.Training;

internal static partial class GradientRules
{
    private static Dictionary<string, GradientRule> Normalization() => new()
    {
        ["InstanceNormalization"] = InstanceNormalization,
        ["GroupNormalization"] = GroupNormalization,
        ["RMSNormalization"] = RmsNormalization,
        ["LpNormalization"] = c => [LpNormalization(c)],
        ["LRN"] = c => [LocalResponse(c)],
    };

    private static Value?[] InstanceNormalization(GradientContext c)
    {
        var (g, x, scale, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var space = Space(x);
        var (unit, inverse) = Standardised(g, x, space, c.Node.GetFloat("epsilon", 1e-5f));
        var factor = g.Reshape(scale, [-1, .. space.Select(_ => 1L)]);
        return
        [
            c.Wants(0) ? ThroughStandardised(g, g.Mul(dy, factor), unit, inverse, space) : null,
            c.Wants(1) ? g.ReduceSum(g.Mul(dy, unit), false, [0, .. space]) : null,
            c.Wants(2) ? g.ReduceSum(dy, false, [0, .. space]) : null,
        ];
    }

    /// <summary>Scale and bias are one number a group; from opset 21 on, one a channel.</summary>
    private static Value?[] GroupNormalization(GradientContext c)
    {
        var (g, x, scale, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var (groups, space) = (c.Node.GetInt("num_groups", 0), Space(x));
        Value Grouped(Value v) => g.Reshape(v, 0, groups, -1);
        var (unit, inverse) = Standardised(g, Grouped(x), [2], c.Node.GetFloat("epsilon", 1e-5f));
        if (g.Opset < 21)
        {
            var rows = Grouped(dy);
            return
            [
                c.Wants(0) ? g.ReshapeLike(ThroughStandardised(g, g.Mul(rows, g.Reshape(scale, -1, 1)), unit, inverse, [2]), x) : null,
                c.Wants(1) ? g.ReduceSum(g.Mul(rows, unit), false, 0, 2) : null,
                c.Wants(2) ? g.ReduceSum(rows, false, 0, 2) : null,
            ];
        }

        var scaled = g.Mul(dy, g.Reshape(scale, [-1, .. space.Select(_ => 1L)]));
        return
        [
            c.Wants(0) ? g.ReshapeLike(ThroughStandardised(g, Grouped(scaled), unit, inverse, [2]), x) : null,
            c.Wants(1) ? g.ReduceSum(g.Mul(dy, g.ReshapeLike(unit, x)), false, [0, .. space]) : null,
            c.Wants(2) ? g.ReduceSum(dy, false, [0, .. space]) : null,
        ];
    }

    private static Value?[] RmsNormalization(GradientContext c)
    {
        var (g, x, scale, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var rank = x.Shape.Count;
        var axis = (int)c.Node.GetInt("axis", -1);
        axis = axis < 0 ? axis + rank : axis;
        long[] axes = [.. Enumerable.Range(axis, rank - axis).Select(i => (long)i)];
        var inverse = Inverse(g, g.Mean(Square(g, x), true, axes), c.Node.GetFloat("epsilon", 1e-5f));
        var unit = g.Mul(x, inverse);
        var scaled = g.Mul(dy, scale);
        return
        [
            c.Wants(0) ? g.Mul(inverse, g.Sub(scaled, g.Mul(unit, g.Mean(g.Mul(scaled, unit), true, axes)))) : null,
            c.Wants(1) ? g.Unbroadcast(g.Mul(dy, unit), scale) : null,
        ];
    }

    /// <summary>y = x / ‖x‖: the part of the gradient along y is taken out (for the sum of absolute values, along the signs).</summary>
    private static Value LpNormalization(GradientContext c)
    {
        var (g, x, y, dy) = (c.Graph, c.Input(0), c.Output(), c.Gradient);
        var axis = c.Node.GetInt("axis", -1);
        axis = axis < 0 ? axis + x.Shape.Count : axis;
        var isSum = c.Node.GetInt("p", 2) == 1;
        var norm = isSum ? g.ReduceSum(g.Node("Abs", [x]), true, axis) : g.Sqrt(g.ReduceSum(Square(g, x), true, axis));
        var along = g.Mul(isSum ? g.Node("Sign", [x]) : y, g.ReduceSum(g.Mul(dy, y), true, axis));
        return g.Div(g.Sub(dy, along), g.Node("Max", [norm, g.Float(Smallest)]));
    }

    /// <summary>y = x · d^−β with d = bias + α / size · (the squares of the neighbouring channels, summed by a band matrix).</summary>
    private static Value LocalResponse(GradientContext c)
    {
        var (g, x, dy) = (c.Graph, c.Input(0), c.Gradient);
        var (channels, size) = (x.Length(1), c.Node.GetInt("size", 1));
        var (alpha, beta) = (c.Node.GetFloat("alpha", 1e-4f), c.Node.GetFloat("beta", 0.75f));
        var band = new float[channels * channels];
        for (var row = 0L; row < channels; row++)
        {
            for (var column = Math.Max(0, row - (size - 1) / 2); column <= Math.Min(channels - 1, row + size / 2); column++)
            {
                band[row * channels + column] = 1;
            }
        }

        var neighbours = g.Constant($"{c.Node.Output[0]}.grad.band", () => TensorProtoExtensions.Float("", [channels, channels], band));
        Value Flat(Value v) => g.Reshape(v, 0, 0, -1);
        var (rows, gradient) = (Flat(x), Flat(dy));
        var d = g.Add(g.Scale(g.MatMul(neighbours, Square(g, rows)), alpha / size), g.Float(c.Node.GetFloat("bias", 1f)));
        var power = g.Node("Pow", [d, g.Float(-beta)]);
        var share = g.MatMul(g.Transposed(neighbours), g.Div(g.Mul(g.Mul(gradient, rows), power), d));
        return g.ReshapeLike(g.Sub(g.Mul(gradient, power), g.Scale(g.Mul(rows, share), 2.0 * alpha * beta / size)), x);
    }

    /// <summary>Mean 0 and variance 1 over the axes, and what was multiplied with for that.</summary>
    private static (Value Unit, Value Inverse) Standardised(GraphBuilder g, Value x, long[] axes, float epsilon)
    {
        var centred = g.Sub(x, g.Mean(x, true, axes));
        var inverse = Inverse(g, g.Mean(Square(g, centred), true, axes), epsilon);
        return (g.Mul(centred, inverse), inverse);
    }

    private static Value Inverse(GraphBuilder g, Value variance, float epsilon) => g.Div(g.Float(1), g.Sqrt(g.Add(variance, g.Float(epsilon))));

    private static Value ThroughStandardised(GraphBuilder g, Value dy, Value unit, Value inverse, long[] axes)
    {
        return g.Mul(inverse, g.Sub(g.Sub(dy, g.Mean(dy, true, axes)), g.Mul(unit, g.Mean(g.Mul(dy, unit), true, axes))));
    }
}
