namespace OneFractal.Training;

internal static partial class GradientRules
{
    private static Dictionary<string, GradientRule> Layers() => new()
    {
        ["MatMul"] = MatMul,
        ["Gemm"] = Gemm,
        ["LayerNormalization"] = LayerNormalization,
        ["BatchNormalization"] = BatchNormalization,
    };

    private static Value?[] MatMul(GradientContext c)
    {
        var (g, a, b, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        if (a.Shape.Count < 2 || b.Shape.Count < 2)
        {
            throw c.Error("multiplies a vector");
        }

        return
        [
            !c.Wants(0) ? null
                // Each with each, without a sum: ONNX Runtime is twice as fast at it by Mul.
                : b.Length(-1) == 1 ? g.Unbroadcast(g.Mul(dy, g.Transposed(b)), a)
                : g.Unbroadcast(g.MatMul(dy, g.Transposed(b)), a),
            !c.Wants(1) ? null
                : b.Shape.Count == 2 ? RowProduct(g, g.Flat(a), g.Flat(dy))
                // The transpose of the gradient is what the operand before its own transpose needs.
                : g.Unbroadcast(g.Untransposed(b) is null ? g.MatMul(g.Transposed(a), dy) : g.Transposed(g.MatMul(g.Transposed(dy), a)), b),
        ];
    }

    /// <summary>
    /// aᵀ · b as one product over all rows, instead of one for each of the batch and their sum. The wider of the two comes first: a runtime transposes it once
    /// for each of the blocks of columns of the other.
    /// </summary>
    private static Value RowProduct(GraphBuilder g, Value a, Value b)
    {
        Value Product(Value x, Value y) => g.Node("Gemm", [x, y], ("transA", 1));
        return a.Length(1) >= b.Length(1) ? Product(a, b) : g.Transposed(Product(b, a));
    }

    private static Value?[] Gemm(GradientContext c)
    {
        var (g, a, b, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var (alpha, beta) = (c.Node.GetFloat("alpha", 1), c.Node.GetFloat("beta", 1));
        var (transA, transB) = (c.Node.GetInt("transA", 0) != 0, c.Node.GetInt("transB", 0) != 0);
        Value Product(Value x, bool transX, Value y, bool transY)
        {
            return g.Node("Gemm", [x, y], ("alpha", alpha), ("transA", transX ? 1 : 0), ("transB", transY ? 1 : 0));
        }

        Value?[] result =
        [
            !c.Wants(0) ? null : transA ? Product(b, transB, dy, true) : Product(dy, false, b, !transB),
            !c.Wants(1) ? null : transB ? Product(dy, true, a, transA) : Product(a, !transA, dy, false),
            c.Count > 2 && c.Wants(2) ? g.Unbroadcast(beta == 1 ? dy : g.Scale(dy, beta), c.Input(2)) : null,
        ];
        return result[..c.Count];
    }

    /// <summary>
    /// Layer normalisation over the last dimension whose scale is 1 and bias 0: what it returns is what its gradient needs. The gradient that comes has mean 0, because of
    /// the weights that the result is multiplied with (<see cref="TrainingForm"/>).
    /// </summary>
    public static Value?[] Standardization(GradientContext c)
    {
        var (g, x, y, dy) = (c.Graph, c.Input(0), c.Output(), c.Gradient);
        var statistics = new TensorInfo(x.Info.Type, [.. x.Shape.SkipLast(1), new Dim(1)]);
        var inverse = ExtraOutput(c, 2, "inv_std", statistics);
        return [g.Mul(inverse, g.Sub(dy, g.Mul(y, g.Mean(g.Mul(dy, y), true, -1)))), null, null];
    }

    private static Value?[] LayerNormalization(GradientContext c)
    {
        var (g, x, scale, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var rank = x.Shape.Count;
        var axis = (int)c.Node.GetInt("axis", -1);
        axis = axis < 0 ? axis + rank : axis;
        long[] normalised = [.. Enumerable.Range(axis, rank - axis).Select(i => (long)i)];
        // The forward pass knows both: it only has to hand them out.
        var statistics = new TensorInfo(x.Info.Type, [.. x.Shape.Select((d, i) => i < axis ? d : new Dim(1))]);
        var mean = ExtraOutput(c, 1, "mean", statistics);
        var inverse = ExtraOutput(c, 2, "inv_std", statistics);
        var unit = g.Mul(g.Sub(x, mean), inverse);
        var scaled = g.Mul(dy, scale);
        Value?[] result =
        [
            !c.Wants(0) ? null : g.Mul(inverse, g.Sub(
                g.Sub(scaled, g.Mean(scaled, true, normalised)), g.Mul(unit, g.Mean(g.Mul(scaled, unit), true, normalised)))),
            c.Wants(1) ? g.Unbroadcast(g.Mul(dy, unit), scale) : null,
            c.Count > 2 && c.Wants(2) ? g.Unbroadcast(dy, c.Input(2)) : null,
        ];
        return result[..c.Count];
    }

    /// <summary>With statistics that are constant.</summary>
    private static Value?[] BatchNormalization(GradientContext c)
    {
        var (g, x, scale, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var axes = AllButChannels(x);
        var inverse = Inverse(g, PerChannel(g, c.Input(4), x), c.Node.GetFloat("epsilon", 1e-5f));
        var unit = g.Mul(g.Sub(x, PerChannel(g, c.Input(3), x)), inverse);
        return
        [
            c.Wants(0) ? g.Mul(dy, g.Mul(PerChannel(g, scale, x), inverse)) : null,
            g.Reshape(g.ReduceSum(g.Mul(dy, unit), true, axes), -1), g.Reshape(g.ReduceSum(dy, true, axes), -1), null, null,
        ];
    }

    /// <summary>
    /// With the statistics of the batch itself, of which input 0 has the mean already taken off (<see cref="TrainingForm"/>): the gradient is that of the values
    /// before. What is per channel is computed there, so that three products go over the whole.
    /// </summary>
    /// <param name="c">The node.</param>
    /// <param name="variance">The batch's, one for each channel, in as many dimensions as input 0.</param>
    public static Value?[] NormalizationOfBatch(GradientContext c, Value variance)
    {
        var (g, x, scale) = (c.Graph, c.Input(0), c.Input(1));
        // Rows of channels get two dimensions: of the same three as in the forward pass, ONNX Runtime would put what is computed here where that had its squares, and hold
        // the place, which is as large as a map, all the time between.
        var isRows = x.Shape is [{ Value: 1 }, _, _];
        Value Rows(Value v) => isRows ? g.Reshape(v, v.Length(1), v.Length(2)) : v;
        var (centred, dy) = (Rows(x), Rows(c.Gradient));
        long[] axes = isRows ? [1] : AllButChannels(centred);
        var count = centred.Count(axes);
        var inverse = Inverse(g, Rows(variance), c.Node.GetFloat("epsilon", 1e-5f));
        var (dScale, dBias) = (g.Mul(g.ReduceSum(g.Mul(dy, centred), true, axes), inverse), g.ReduceSum(dy, true, axes));
        Value? dx = null;
        if (c.Wants(0))
        {
            // scale · inverse · (dy − mean(dy) − unit · mean(dy · unit)), with unit = centred · inverse.
            var along = g.Scale(g.Mul(dScale, inverse), -1.0 / count);
            var sum = g.Add(dy, g.Add(g.Mul(centred, along), g.Scale(dBias, -1.0 / count)));
            var factor = g.Mul(g.ReshapeLike(scale, inverse), inverse);
            dx = g.ReshapeLike(g.Mul(sum, factor), x);
        }

        return [dx, g.Reshape(dScale, -1), g.Reshape(dBias, -1), null, null];
    }

    /// <summary>The axes that batch normalisation takes means over, without such as have length 1; one that has where all do.</summary>
    public static long[] AllButChannels(Value x)
    {
        long[] axes = [.. Enumerable.Range(0, x.Shape.Count).Where(i => i != 1).Select(i => (long)i)];
        long[] longer = [.. axes.Where(i => x.Shape[(int)i].Value != 1)];
        return longer.Length > 0 ? longer : axes[..1];
    }

    private static Value PerChannel(GraphBuilder g, Value vector, Value x) => g.Reshape(vector, [-1, .. Enumerable.Repeat(1L, x.Shape.Count - 2)]);

    /// <summary>An output that the forward node can compute but did not have to so far.</summary>
    private static Value ExtraOutput(GradientContext c, int index, string name, TensorInfo info)
    {
        while (c.Node.Output.Count <= index)
        {
            c.Node.Output.Add("");
        }

        if (c.Node.Output[index].Length == 0)
        {
            c.Node.Output[index] = c.Graph.FreeName($"{c.Node.Output[0]}.{name}");
        }

        return new Value(c.Node.Output[index], info);
    }
}
