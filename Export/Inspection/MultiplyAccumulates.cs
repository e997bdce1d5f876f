namespace OneFractal.Export;

/// <summary>
/// Counts multiply-accumulates, as papers do: those of convolutions and matrix products, attention's included. Biases, norms and activations do not count.
/// </summary>
public static class MultiplyAccumulates
{
    private static readonly HashSet<string> Unknown = ["Einsum", "Attention", "DeformConv", "LSTM", "GRU", "RNN"];

    /// <summary>How many a node does; 0 for one without products, null where its shapes are not known or there is no rule for it.</summary>
    /// <param name="node">The node.</param>
    /// <param name="infos">What is known of the graph's values.</param>
    public static long? Count(NodeProto node, IReadOnlyDictionary<string, TensorInfo> infos)
    {
        long[]? Shape(string? name) => name is null ? null : infos.GetValueOrDefault(name)?.StaticShape;
        if (!node.IsStandard() || Unknown.Contains(node.OpType))
        {
            return null;
        }

        switch (node.OpType)
        {
            // Each output value sums over a kernel [out, in / groups, …].
            case "Conv" or "ConvInteger":
                return Product(Shape(node.Output[0])) * Product(Shape(node.InputOrNull(1))?.Skip(1));
            case "QLinearConv":
                return Product(Shape(node.Output[0])) * Product(Shape(node.InputOrNull(3))?.Skip(1));
            // Each input value is spread over a kernel [in, out / groups, …].
            case "ConvTranspose":
                return Product(Shape(node.Input[0])) * Product(Shape(node.InputOrNull(1))?.Skip(1));
            case "Gemm":
                return Product(Shape(node.Output[0])) * (Shape(node.Input[0]) is [var rows, var columns] ? node.GetInt("transA", 0) == 0 ? columns : rows : null);
            case "MatMul" or "MatMulInteger" or "QLinearMatMul":
                return Product(Shape(node.Output[0])) * (Shape(node.Input[0]) is [.., var inner] ? inner : null);
            default:
                return 0;
        }
    }

    private static long? Product(IEnumerable<long>? dims) => dims?.Aggregate(1L, (product, dim) => product * dim);
}
