using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Normalization() =>
    [
        new("BatchNormalization", 7, CompileBatchNormalization),
        new("LayerNormalization", 17, CompileLayerNormalization),
        new("RMSNormalization", 23, CompileRmsNormalization),
        new("InstanceNormalization", 6, c =>
        {
            var epsilon = c.Float("epsilon", 1e-5f);
            return (inputs, _) => [functional.group_norm(inputs[0]!, inputs[0]!.shape[1], inputs[1], inputs[2], epsilon)];
        }),
        // Scale and bias are one number a group; from opset 21 on, one a channel.
        new("GroupNormalization", 18, c => CompileGroupNormalization(c, perGroup: true)),
        new("GroupNormalization", 21, c => CompileGroupNormalization(c, perGroup: false)),
        new("LRN", 1, CompileLrn),
        new("LpNormalization", 1, CompileLpNormalization),
        new("MeanVarianceNormalization", 9, CompileMeanVarianceNormalization),
    ];

    private static Kernel CompileBatchNormalization(NodeContext c)
    {
        var (epsilon, momentum) = (c.Float("epsilon", 1e-5f), c.Float("momentum", 0.9f));
        if (!c.Flag("spatial", true) || (c.Opset < 14 && Enumerable.Range(1, 4).Any(c.Wants)) || c.Wants(3))
        {
            throw c.Error("only normalisation per channel without saved statistics is supported");
        }

        var (asked, wantsStatistics) = (c.Flag("training_mode"), c.Wants(1) || c.Wants(2));
        return (inputs, mode) =>
        {
            var (x, scale, bias, mean, variance) = (inputs[0]!, inputs[1], inputs[2], inputs[3]!, inputs[4]!);
            if (asked && !mode.Training)
            {
                return NormalizeBatch(x, scale!, bias!, mean, variance, epsilon, momentum);
            }

            // The running statistics are overwritten: PyTorch's momentum is the share of the new, ONNX's that of the old.
            var y = functional.batch_norm(x, mean, variance, scale, bias, mode.Training, 1.0 - momentum, epsilon);
            return wantsStatistics ? [y, mean.clone(), variance.clone()] : [y];
        };
    }

    /// <summary>Training mode as the specification has it: nothing is overwritten, and the variance is the population's.</summary>
    private static Tensor[] NormalizeBatch(Tensor x, Tensor scale, Tensor bias, Tensor mean, Tensor variance, float epsilon, float momentum)
    {
        using var scope = NewDisposeScope();
        long[] axes = [0, .. Space(x)];
        var y = functional.batch_norm(x, null, null, scale, bias, training: true, eps: epsilon);
        var batchMean = x.mean(axes);
        var batchVariance = x.var(axes, unbiased: false);
        return Keep(
        [
            y,
            mean * momentum + batchMean.to(mean.dtype) * (1 - momentum),
            variance * momentum + batchVariance.to(variance.dtype) * (1 - momentum),
        ]);
    }

    private static Kernel CompileLayerNormalization(NodeContext c)
    {
        var (axis, epsilon) = (c.Int("axis", -1), c.Float("epsilon", 1e-5f));
        // Narrow types are computed in float32 anyway.
        c.Ignore("stash_type");
        if (c.Wants(1) || c.Wants(2))
        {
            return Scoped((inputs, _) =>
            {
                var x = inputs[0]!;
                var axes = From(axis, x);
                var wide = x.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;
                var mean = wide.mean(axes, keepdim: true);
                var centred = wide - mean;
                var inverse = (centred.square().mean(axes, keepdim: true) + epsilon).rsqrt();
                var y = (centred * inverse).to(x.dtype) * inputs[1]!;
                return [Optional(inputs, 2) is { } b ? y + b : y.alias(), mean, inverse];
            });
        }

        return (inputs, _) =>
        {
            var (x, scale, bias) = (inputs[0]!, inputs[1]!, Optional(inputs, 2));
            var shape = x.shape[Positive(axis, x.Dimensions)..];
            if (scale.shape.AsSpan().SequenceEqual(shape) && (bias is null || bias.shape.AsSpan().SequenceEqual(shape)))
            {
                return [functional.layer_norm(x, shape, scale, bias, epsilon)];
            }

            using var normal = functional.layer_norm(x, shape, eps: epsilon);
            var scaled = normal * scale;
            if (bias is null)
            {
                return [scaled];
            }

            using (scaled)
            {
                return [scaled + bias];
            }
        };
    }

    /// <summary>The axes from one on.</summary>
    private static long[] From(long axis, Tensor x)
    {
        var first = Positive(axis, x.Dimensions);
        return [.. Enumerable.Range(first, (int)x.Dimensions - first).Select(i => (long)i)];
    }

    private static Kernel CompileRmsNormalization(NodeContext c)
    {
        var (axis, epsilon) = (c.Int("axis", -1), c.Float("epsilon", 1e-5f));
        c.Ignore("stash_type");
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var wide = x.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? x.to(ScalarType.Float32) : x;
            var inverse = (wide.square().mean(From(axis, x), keepdim: true) + epsilon).rsqrt();
            return [(wide * inverse).to(x.dtype) * inputs[1]!];
        });
    }

    private static Kernel CompileGroupNormalization(NodeContext c, bool perGroup)
    {
        var groups = c.Int("num_groups", 0);
        c.Ignore("stash_type");
        var epsilon = c.Float("epsilon", 1e-5f);
        if (groups < 1)
        {
            throw c.Error("num_groups must be at least 1");
        }

        if (!perGroup)
        {
            return (inputs, _) => [functional.group_norm(inputs[0]!, groups, inputs[1], inputs[2], epsilon)];
        }

        return (inputs, _) =>
        {
            var channels = inputs[0]!.shape[1] / groups;
            using var scale = inputs[1]!.repeat_interleave(channels);
            using var bias = inputs[2]!.repeat_interleave(channels);
            return [functional.group_norm(inputs[0]!, groups, scale, bias, epsilon)];
        };
    }

    private static Kernel CompileLrn(NodeContext c)
    {
        var size = c.Int("size", 0);
        var (alpha, beta, bias) = (c.Float("alpha", 1e-4f), c.Float("beta", 0.75f), c.Float("bias", 1));
        if (size < 1)
        {
            throw c.Error("size must be at least 1");
        }

        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var squares = x.square().reshape(x.shape[0], 1, x.shape[1], -1);
            var padded = functional.pad(squares, [0, 0, (size - 1) / 2, size / 2]);
            var means = functional.avg_pool2d(padded, [size, 1], [1, 1]).reshape(x.shape);
            return [x / (means * alpha + bias).pow(beta)];
        });
    }

    private static Kernel CompileLpNormalization(NodeContext c)
    {
        var (axis, p) = (c.Int("axis", -1), c.Int("p", 2));
        return (inputs, _) =>
        {
            using var norm = linalg.vector_norm(inputs[0]!, p, [axis], keepdim: true);
            // A vector of zeros stays one.
            using var zero = norm.eq(0);
            using var divisor = norm.masked_fill(zero, 1);
            return [inputs[0]! / divisor];
        };
    }

    private static Kernel CompileMeanVarianceNormalization(NodeContext c)
    {
        var axes = c.Ints("axes") ?? [0, 2, 3];
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var centred = x - x.mean(axes, keepdim: true);
            return [centred / (centred.square().mean(axes, keepdim: true).sqrt() + 1e-9)];
        });
    }
}
