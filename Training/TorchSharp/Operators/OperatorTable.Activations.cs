using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Activations() =>
    [
        Unary("Relu", 6, x => x.relu()),
        Unary("Sigmoid", 6, x => x.sigmoid()),
        Unary("Tanh", 6, x => x.tanh()),
        Unary("Softplus", 1, x => functional.softplus(x)),
        Unary("Softsign", 1, x => functional.softsign(x)),
        Unary("HardSwish", 14, x => functional.hardswish(x)),
        Unary("Mish", 18, x => functional.mish(x)),
        new("LeakyRelu", 6, c => WithAlpha(c, 0.01f, (x, alpha) => functional.leaky_relu(x, alpha))),
        new("Elu", 6, c => WithAlpha(c, 1, (x, alpha) => functional.elu(x, alpha))),
        new("Celu", 12, c => WithAlpha(c, 1, (x, alpha) => functional.celu(x, alpha))),
        new("ThresholdedRelu", 10, c => WithAlpha(c, 1, (x, alpha) => x.threshold(alpha, 0))),
        new("Swish", 24, c => WithAlpha(c, 1, Swish)),
        new("Selu", 6, c =>
        {
            double gamma = c.Float("gamma", 1.05070102214813232421875f);
            return WithAlpha(c, 1.67326319217681884765625f, (x, alpha) => x.elu(alpha, gamma, 1));
        }),
        new("HardSigmoid", 6, CompileHardSigmoid),
        new("PRelu", 7, CompilePRelu),
        new("Shrink", 9, CompileShrink),
        new("Gelu", 20, c => c.Choice("approximate", "none", "tanh") == "tanh"
            ? (inputs, _) => [functional.gelu(inputs[0]!, TorchSharp.Modules.GELU.Approximate.tanh)]
            : (inputs, _) => [functional.gelu(inputs[0]!)]),
        // From opset 13 on softmax is over one axis; before, over all dimensions from axis on.
        new("Softmax", 1, c => OverFlattened(c, x => x.softmax(1))),
        new("Softmax", 13, c => OverAxis(c, (x, axis) => x.softmax(axis))),
        new("LogSoftmax", 1, c => OverFlattened(c, x => x.log_softmax(1))),
        new("LogSoftmax", 13, c => OverAxis(c, (x, axis) => x.log_softmax(axis))),
        new("Hardmax", 1, c => OverFlattened(c, x => Hardmax(x, 1))),
        new("Hardmax", 13, c => OverAxis(c, Hardmax)),
        new("Dropout", 7, c => CompileDropout(c, c.Float("ratio", 0.5f))),
        // From opset 12 on the ratio is an input, and the file may ask for training.
        new("Dropout", 12, c => CompileDropout(c, c.Node.InputOrNull(1) is null ? 0.5 : c.Scalar(1))),
    ];

    private static Kernel WithAlpha(NodeContext c, float fallback, Func<Tensor, double, Tensor> function)
    {
        double alpha = c.Float("alpha", fallback);
        return (inputs, _) => [function(inputs[0]!, alpha)];
    }

    private static Kernel OverAxis(NodeContext c, Func<Tensor, long, Tensor> function)
    {
        var axis = c.Int("axis", -1);
        return (inputs, _) => [function(inputs[0]!, axis)];
    }

    private static Kernel OverFlattened(NodeContext c, Func<Tensor, Tensor> function)
    {
        var axis = c.Int("axis", 1);
        return (inputs, _) =>
        {
            var shape = inputs[0]!.shape;
            var split = Positive(axis, shape.Length);
            using var rows = inputs[0]!.reshape(Product(shape.Take(split)), Product(shape.Skip(split)));
            using var result = function(rows);
            return [result.reshape(shape)];
        };
    }

    private static Tensor Swish(Tensor x, double alpha)
    {
        if (alpha == 1)
        {
            return functional.silu(x);
        }

        using var scaled = x * alpha;
        using var gate = scaled.sigmoid();
        return x * gate;
    }

    /// <summary>One at the first largest element, zero elsewhere.</summary>
    private static Tensor Hardmax(Tensor x, long axis)
    {
        using var first = x.argmax(axis, keepdim: true);
        using var ones = ones_like(first, dtype: x.dtype);
        using var none = zeros_like(x);
        return none.scatter(axis, first, ones);
    }

    private static Kernel CompileHardSigmoid(NodeContext c)
    {
        var (alpha, beta) = (c.Float("alpha", 0.2f), c.Float("beta", 0.5f));
        if (alpha == 1f / 6 && beta == 0.5f)
        {
            return (inputs, _) => [functional.hardsigmoid(inputs[0]!)];
        }

        return (inputs, _) =>
        {
            using var scaled = inputs[0]! * alpha;
            using var line = scaled + beta;
            return [line.clamp(0, 1)];
        };
    }

    private static Kernel CompilePRelu(NodeContext c)
    {
        return (inputs, _) =>
        {
            var (x, slope) = (inputs[0]!, inputs[1]!);
            var perChannel = slope.numel() == 1 || (slope.Dimensions == x.Dimensions - 1 && slope.shape[0] == slope.numel() && slope.shape[0] == x.shape[1]);
            if (perChannel && x.is_floating_point() && x.dtype == slope.dtype)
            {
                using var weight = slope.reshape(-1);
                return [functional.prelu(x, weight)];
            }

            using var negative = x.clamp_max(0);
            using var scaled = negative * slope;
            using var positive = x.clamp_min(0);
            return [positive + scaled];
        };
    }

    private static Kernel CompileShrink(NodeContext c)
    {
        var (lambda, bias) = (c.Float("lambd", 0.5f), c.Float("bias", 0));
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var shrunk = where(x < -lambda, x + bias, where(x > lambda, x - bias, zeros_like(x)));
            return [shrunk.to(x.dtype)];
        });
    }

    private static Kernel CompileDropout(NodeContext c, double? ratio)
    {
        var wantsMask = c.Wants(1);
        // Random numbers come from torch's generator.
        c.Ignore("seed");
        return (inputs, mode) =>
        {
            var x = inputs[0]!;
            // What the file asks for is only asked where the module does not train.
            var drops = mode.Training || (Optional(inputs, 2) is { } asked && asked.item<bool>());
            var probability = !drops ? 0 : ratio ?? Number(inputs[1]!);
            if (probability <= 0)
            {
                return wantsMask ? [x.alias(), ones_like(x, dtype: ScalarType.Bool)] : [x.alias()];
            }

            if (!wantsMask)
            {
                return [functional.dropout(x, probability, training: true)];
            }

            using var ones = ones_like(x);
            using var scale = functional.dropout(ones, probability, training: true);
            return [x * scale, scale.ne(0)];
        };
    }
}
