using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Layout() =>
    [
        new("Reshape", 5, CompileReshape),
        new("Flatten", 1, c =>
        {
            var axis = c.Int("axis", 1);
            return (inputs, _) =>
            {
                var shape = inputs[0]!.shape;
                var rows = shape.Take((int)(axis < 0 ? axis + shape.Length : axis)).Aggregate(1L, (p, d) => p * d);
                return [inputs[0]!.reshape(rows, rows == 0 ? 0 : inputs[0]!.numel() / rows)];
            };
        }),
        new("Transpose", 1, c =>
        {
            var permutation = c.Ints("perm") ?? [.. Enumerable.Range(0, c.Rank(0)).Reverse().Select(i => (long)i)];
            return (inputs, _) => [inputs[0]!.permute(permutation)];
        }),
        new("Squeeze", 1, CompileSqueeze),
        new("Unsqueeze", 1, c =>
        {
            var axes = c.Integers(1, "axes") ?? throw c.Error("has no axes");
            return (inputs, _) => [Unsqueeze(inputs[0]!, axes(inputs))];
        }),
        new("Expand", 8, c =>
        {
            var target = c.Integers(1)!;
            return (inputs, _) => [Expand(inputs[0]!, target(inputs))];
        }),
        new("Concat", 4, c =>
        {
            var axis = c.Int("axis", 0);
            return (inputs, _) => [cat([.. inputs.Select(i => i!)], axis)];
        }),
        new("Split", 2, c =>
        {
            var (axis, count) = (c.Int("axis", 0), c.Node.Output.Count);
            var sizes = c.Integers(1, "split");
            return (inputs, _) => sizes is null
                ? inputs[0]!.tensor_split(count, axis)
                : inputs[0]!.split(sizes(inputs), axis);
        }),
        new("Gather", 1, CompileGather),
        new("Shape", 1, c => (inputs, _) =>
        {
            var shape = inputs[0]!.shape;
            return [tensor(shape, dtype: ScalarType.Int64)];
        }),
        new("Shape", 15, c =>
        {
            var (start, end) = (c.Int("start", 0), c.Int("end", long.MaxValue));
            return (inputs, _) =>
            {
                var shape = inputs[0]!.shape;
                var from = (int)Math.Clamp(start < 0 ? start + shape.Length : start, 0, shape.Length);
                var to = (int)Math.Clamp(end < 0 ? end + shape.Length : end, from, shape.Length);
                return [tensor(shape[from..to], dtype: ScalarType.Int64)];
            };
        }),
    ];

    private static Kernel CompileReshape(NodeContext c)
    {
        var target = c.Integers(1)!;
        var allowZero = c.Int("allowzero", 0) != 0;
        return (inputs, _) =>
        {
            var shape = target(inputs);
            if (!allowZero && shape.Contains(0))
            {
                var from = inputs[0]!.shape;
                shape = [.. shape.Select((d, i) => d == 0 ? from[i] : d)];
            }

            return [inputs[0]!.reshape(shape)];
        };
    }

    private static Kernel CompileSqueeze(NodeContext c)
    {
        var axes = c.Integers(1, "axes");
        return (inputs, _) =>
        {
            var x = inputs[0]!;
            if (axes is null)
            {
                return [x.squeeze()];
            }

            var drop = axes(inputs).Select(a => a < 0 ? a + x.Dimensions : a).ToHashSet();
            return [x.reshape([.. x.shape.Where((_, i) => !drop.Contains(i))])];
        };
    }

    private static Tensor Unsqueeze(Tensor x, long[] axes)
    {
        var rank = (int)x.Dimensions + axes.Length;
        var inserted = axes.Select(a => a < 0 ? a + rank : a).ToHashSet();
        var rest = new Queue<long>(x.shape);
        return x.reshape([.. Enumerable.Range(0, rank).Select(i => inserted.Contains(i) ? 1 : rest.Dequeue())]);
    }

    /// <summary>ONNX broadcasts both ways: a 1 in the target keeps the input's dimension.</summary>
    private static Tensor Expand(Tensor x, long[] target)
    {
        var shape = x.shape;
        var result = new long[Math.Max(shape.Length, target.Length)];
        for (var i = 1; i <= result.Length; i++)
        {
            var (have, want) = (i <= shape.Length ? shape[^i] : 1, i <= target.Length ? target[^i] : 1);
            result[^i] = want == 1 ? have : want;
        }

        return x.expand(result);
    }

    private static Kernel CompileGather(NodeContext c)
    {
        var axis = c.Int("axis", 0);
        // One index is a view; PyTorch's select, as a hand-written x[:, 0] is.
        if (c.Info(1) is { Rank: 0, KnownElements: [var index] })
        {
            return (inputs, _) => [inputs[0]!.select(axis, index)];
        }

        return (inputs, _) =>
        {
            var (x, indices) = (inputs[0]!, inputs[1]!);
            var dim = axis < 0 ? axis + x.Dimensions : axis;
            // Indices may count from the end.
            using var positive = indices.remainder(x.shape[dim]);
            using var flat = positive.reshape(-1).to(x.device);
            using var picked = x.index_select(dim, flat);
            return [picked.reshape([.. x.shape[..(int)dim], .. indices.shape, .. x.shape[((int)dim + 1)..]])];
        };
    }
}
