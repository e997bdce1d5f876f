using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Reductions() =>
    [
        .. Reduction("ReduceSum", 13, (x, axes, keep) => x.sum(axes, keep, x.dtype)),
        .. Reduction("ReduceMean", 18, Mean),
        .. Reduction("ReduceMax", 18, (x, axes, keep) => x.amax(axes, keep)),
        .. Reduction("ReduceMin", 18, (x, axes, keep) => x.amin(axes, keep)),
        .. Reduction("ReduceProd", 18, Multiply),
        .. Reduction("ReduceL1", 18, (x, axes, keep) =>
        {
            using var magnitudes = x.abs();
            return magnitudes.sum(axes, keep, x.dtype);
        }),
        .. Reduction("ReduceL2", 18, (x, axes, keep) => InFloat(x, v => linalg.vector_norm(v, 2, axes, keep))),
        .. Reduction("ReduceSumSquare", 18, (x, axes, keep) =>
        {
            using var squares = x.square();
            return squares.sum(axes, keep, x.dtype);
        }),
        .. Reduction("ReduceLogSum", 18, (x, axes, keep) => InFloat(x, v =>
        {
            using var sum = v.sum(axes, keep);
            return sum.log();
        })),
        .. Reduction("ReduceLogSumExp", 18, (x, axes, keep) => InFloat(x, v => LogSumExp(v, axes, keep))),
        new("ArgMax", 1, c => CompileArg(c, (x, axis, keep) => x.argmax(axis, keep))),
        new("ArgMin", 1, c => CompileArg(c, (x, axis, keep) => x.argmin(axis, keep))),
    ];

    /// <summary>A reduction whose axes are an attribute before <paramref name="axesAsInput"/>, and an input from then on.</summary>
    private static IEnumerable<OperatorVersion> Reduction(string opType, int axesAsInput, Func<Tensor, long[], bool, Tensor> function)
    {
        Kernel Compile(NodeContext c, Func<Tensor?[], long[]>? axes)
        {
            var (keep, nothingWithoutAxes) = (c.Flag("keepdims", true), c.Flag("noop_with_empty_axes"));
            return (inputs, _) =>
            {
                var x = inputs[0]!;
                var reduced = axes?.Invoke(inputs) ?? [];
                if (reduced.Length == 0 && !nothingWithoutAxes)
                {
                    reduced = [.. Enumerable.Range(0, (int)x.Dimensions).Select(i => (long)i)];
                }

                // A scalar, or nothing to reduce: one element each, of which the function is taken all the same.
                if (reduced.Length == 0)
                {
                    using var single = x.unsqueeze(-1);
                    return [function(single, [-1], false)];
                }

                return [function(x, reduced, keep)];
            };
        }

        yield return new OperatorVersion(opType, 1, c => Compile(c, c.Ints("axes") is { } axes ? _ => axes : null));
        yield return new OperatorVersion(opType, axesAsInput, c => Compile(c, c.Integers(1)));
    }

    private static Tensor Mean(Tensor x, long[] axes, bool keep)
    {
        if (x.is_floating_point())
        {
            return x.mean(axes, keep);
        }

        using var sum = x.sum(axes, keep, x.dtype);
        var count = sum.numel() == 0 ? 1 : x.numel() / sum.numel();
        return sum.div(count, RoundingMode.trunc);
    }

    private static Tensor Multiply(Tensor x, long[] axes, bool keep)
    {
        var result = x.alias();
        foreach (var axis in axes.Select(a => Positive(a, x.Dimensions)).OrderDescending())
        {
            using var before = result;
            result = before.prod(axis, keep, x.dtype);
        }

        return result;
    }

    private static Tensor LogSumExp(Tensor x, long[] axes, bool keep)
    {
        if (axes.Length == 1)
        {
            return x.logsumexp(axes[0], keep);
        }

        var reduced = axes.Select(a => Positive(a, x.Dimensions)).ToHashSet();
        var kept = Enumerable.Range(0, (int)x.Dimensions).Where(i => !reduced.Contains(i)).ToArray();
        using var ordered = x.permute([.. kept.Concat(reduced).Select(i => (long)i)]);
        using var rows = ordered.reshape([.. kept.Select(i => x.shape[i]), -1]);
        using var result = rows.logsumexp(-1);
        return keep ? result.reshape([.. x.shape.Select((d, i) => reduced.Contains(i) ? 1 : d)]) : result.alias();
    }

    /// <summary>Computes integers in float64 and returns their own type.</summary>
    private static Tensor InFloat(Tensor x, Func<Tensor, Tensor> function)
    {
        if (x.is_floating_point())
        {
            return function(x);
        }

        using var wide = x.to(ScalarType.Float64);
        using var result = function(wide);
        return result.to(x.dtype);
    }

    private static Kernel CompileArg(NodeContext c, Func<Tensor, long, bool, Tensor> function)
    {
        var (axis, keep, last) = (c.Int("axis", 0), c.Flag("keepdims", true), c.Flag("select_last_index"));
        return (inputs, _) =>
        {
            var x = inputs[0]!;
            if (!last)
            {
                return [function(x, axis, keep)];
            }

            using var backwards = x.flip(axis);
            using var index = function(backwards, axis, keep);
            return [x.shape[Positive(axis, x.Dimensions)] - 1 - index];
        };
    }
}
