using System.Globalization;

namespace OneFractal.Training;

/// <summary>Operators that backward passes use, in the words of their formulas.</summary>
internal static class GraphBuilderExtensions
{
    public static Value Sub(this GraphBuilder g, Value a, Value b) => g.Node("Sub", [a, b]);

    public static Value Div(this GraphBuilder g, Value a, Value b) => g.Node("Div", [a, b]);

    public static Value Neg(this GraphBuilder g, Value x) => g.Node("Neg", [x]);

    public static Value Exp(this GraphBuilder g, Value x) => g.Node("Exp", [x]);

    public static Value Sqrt(this GraphBuilder g, Value x) => g.Node("Sqrt", [x]);

    public static Value Scale(this GraphBuilder g, Value x, double factor) => g.Mul(x, g.Float((float)factor));

    /// <summary>The sum of all; ONNX Runtime's Sum of many is slower than as many Adds.</summary>
    public static Value Sum(this GraphBuilder g, IReadOnlyList<Value> values) => values.Aggregate(g.Add);

    public static Value ReduceSum(this GraphBuilder g, Value x, bool keep, params long[] axes)
    {
        return g.Node("ReduceSum", [x, g.Int64s(axes)], ("keepdims", keep ? 1 : 0));
    }

    /// <summary>Zeros before and after the elements, for each axis.</summary>
    public static Value Pad(this GraphBuilder g, Value x, long[] before, long[] after) => g.Node("Pad", [x, g.Int64s([.. before, .. after])]);

    /// <summary>The last two dimensions exchanged.</summary>
    public static Value Transposed(this GraphBuilder g, Value x)
    {
        var permutation = Enumerable.Range(0, x.Shape.Count).Select(i => (long)i).ToArray();
        (permutation[^1], permutation[^2]) = (permutation[^2], permutation[^1]);
        return g.Transpose(x, permutation);
    }

    /// <summary>What <paramref name="x"/> is the transpose of, by its last two dimensions; null where it is not made by such a Transpose.</summary>
    public static Value? Untransposed(this GraphBuilder g, Value x)
    {
        var rank = x.Shape.Count;
        return g.Producer(x) is { OpType: "Transpose" } node && node.GetInts("perm") is { } perm && perm[^1] == rank - 2 && perm[^2] == rank - 1
            && perm.Take(rank - 2).SequenceEqual(Enumerable.Range(0, rank - 2).Select(i => (long)i))
            ? g.Find(node.Input[0])
            : null;
    }

    /// <summary>Reshapes to another value's shape, of which one dimension may be known only when it runs.</summary>
    public static Value ReshapeLike(this GraphBuilder g, Value x, Value like)
    {
        var unknown = like.Shape.Count(d => d.Value is null);
        return x.Shape.SequenceEqual(like.Shape) && unknown <= 1 ? x
            : unknown <= 1 ? g.Reshape(x, [.. like.Shape.Select(d => d.Value ?? -1)])
            : g.Node("Reshape", [x, g.Node("Shape", [like])]);
    }

    /// <summary>The gradient of a broadcast operand: the sum over what was repeated.</summary>
    public static Value Unbroadcast(this GraphBuilder g, Value gradient, Value operand)
    {
        var extra = gradient.Shape.Count - operand.Shape.Count;
        var axes = Enumerable.Range(0, gradient.Shape.Count)
            .Where(i => i < extra || (operand.Shape[i - extra].Value == 1 && gradient.Shape[i].Value != 1))
            .Select(i => (long)i)
            .ToArray();
        return axes.Length == 0 ? gradient
            : axes.Length == gradient.Shape.Count - 1 && axes[^1] < axes.Length && axes.All(a => gradient.Shape[(int)a].Value is not null) ? g.ReshapeLike(g.SumOfRows(gradient), operand)
            : g.ReshapeLike(g.ReduceSum(gradient, axes.Length < gradient.Shape.Count, axes), operand);
    }

    /// <summary>The sum over all but the last dimension, [1, last]: a product with a row of ones, which ONNX Runtime computes faster than a reduction.</summary>
    private static Value SumOfRows(this GraphBuilder g, Value x)
    {
        var rows = g.Flat(x);
        return g.MatMul(g.Filled(1, 1, rows.Length(0)), rows);
    }

    /// <summary>A constant of one value for all elements, shared by all uses of the same value and shape.</summary>
    public static Value Filled(this GraphBuilder g, float value, params long[] shape)
    {
        return g.Constant(string.Create(CultureInfo.InvariantCulture, $"const.filled({value:R})[{string.Join(",", shape)}]"), () =>
        {
            var values = new float[shape.Aggregate(1L, (p, d) => p * d)];
            Array.Fill(values, value);
            return TensorProtoExtensions.Float("", shape, values);
        });
    }

    /// <summary>As many rows as there are, and the last dimension.</summary>
    public static Value Flat(this GraphBuilder g, Value x) => x.Shape.Count == 2 ? x : g.Reshape(x, -1, x.Length(-1));
}
