using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Layers() =>
    [
        Binary("MatMul", 1, (a, b) => a.matmul(b)),
        new("Gemm", 7, CompileGemm),
        new("LayerNormalization", 17, CompileLayerNormalization),
        new("Conv", 1, CompileConv),
        new("GlobalAveragePool", 1, c =>
        {
            long[] space = [.. Enumerable.Range(2, c.Rank(0) - 2).Select(i => (long)i)];
            return (inputs, _) => [inputs[0]!.mean(space, keepdim: true)];
        }),
    ];

    private static Kernel CompileGemm(NodeContext c)
    {
        var (alpha, beta) = (c.Float("alpha", 1), c.Float("beta", 1));
        var (transposeA, transposeB) = (c.Int("transA", 0) != 0, c.Int("transB", 0) != 0);
        if (alpha == 1 && beta == 1 && !transposeA && transposeB && c.Info(2) is { Rank: 1 })
        {
            return (inputs, _) => [nn.functional.linear(inputs[0]!, inputs[1]!, inputs[2])];
        }

        return (inputs, _) =>
        {
            using var a = transposeA ? inputs[0]!.t() : inputs[0]!.alias();
            using var b = transposeB ? inputs[1]!.t() : inputs[1]!.alias();
            if (inputs.Length > 2 && inputs[2] is { } bias)
            {
                return [bias.addmm(a, b, beta, alpha)];
            }

            var product = a.mm(b);
            return [alpha == 1 ? product : product.mul_(alpha)];
        };
    }

    private static Kernel CompileLayerNormalization(NodeContext c)
    {
        if (c.Node.Output.Count > 1)
        {
            throw c.Error("its mean and deviation outputs are not supported");
        }

        var (axis, epsilon) = (c.Int("axis", -1), c.Float("epsilon", 1e-5f));
        return (inputs, _) =>
        {
            var x = inputs[0]!;
            var shape = x.shape[(int)(axis < 0 ? axis + x.Dimensions : axis)..];
            return [nn.functional.layer_norm(x, shape, inputs[1], inputs.Length > 2 ? inputs[2] : null, epsilon)];
        };
    }

    private static Kernel CompileConv(NodeContext c)
    {
        var space = c.Rank(0) - 2;
        if (space != 2 || c.Node.GetString("auto_pad", "NOTSET") is not ("NOTSET" or "VALID"))
        {
            throw c.Error("only 2-D convolution with explicit padding is supported");
        }

        var (strides, dilations) = (c.Ints("strides") ?? [1, 1], c.Ints("dilations") ?? [1, 1]);
        var pads = c.Ints("pads") ?? [0, 0, 0, 0];
        var group = c.Int("group", 1);
        if (pads[0] != pads[2] || pads[1] != pads[3])
        {
            throw c.Error($"unequal padding [{string.Join(", ", pads)}] is not supported");
        }

        return (inputs, _) =>
        [
            nn.functional.conv2d(inputs[0]!, inputs[1]!, inputs.Length > 2 ? inputs[2] : null, strides, pads[..2], dilations, group),
        ];
    }
}
