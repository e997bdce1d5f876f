using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Products() =>
    [
        Binary("MatMul", 1, MatrixProduct.Of),
        new("Gemm", 7, CompileGemm),
        new("Einsum", 12, c =>
        {
            var equation = c.Text("equation", "");
            return (inputs, _) => [einsum(equation, [.. inputs.Select(i => i!)])];
        }),
    ];

    private static Kernel CompileGemm(NodeContext c)
    {
        var (alpha, beta) = (c.Float("alpha", 1), c.Float("beta", 1));
        var (transposeA, transposeB) = (c.Flag("transA"), c.Flag("transB"));
        if (alpha == 1 && beta == 1 && !transposeA && transposeB && c.Info(2) is { Rank: 1 })
        {
            return (inputs, _) => [nn.functional.linear(inputs[0]!, inputs[1]!, inputs[2])];
        }

        return (inputs, _) =>
        {
            using var a = transposeA ? inputs[0]!.t() : inputs[0]!.alias();
            using var b = transposeB ? inputs[1]!.t() : inputs[1]!.alias();
            if (Optional(inputs, 2) is { } bias)
            {
                return [bias.addmm(a, b, beta, alpha)];
            }

            var product = a.mm(b);
            return [alpha == 1 ? product : product.mul_(alpha)];
        };
    }
}
