namespace OneFractal.Export;

/// <summary>A node that multiplies data by a stored matrix or kernel: what quantisation changes.</summary>
/// <param name="Node">MatMul, Gemm or Conv.</param>
/// <param name="Data">The value that it reads.</param>
/// <param name="Weight">The stored float32 tensor.</param>
/// <param name="Axis">The axis of the weight along which the outputs lie.</param>
internal sealed record WeightedNode(NodeProto Node, string Data, TensorProto Weight, int Axis)
{
    /// <summary>The nodes of a graph; a Gemm only where it is a linear layer, alpha · x · W + beta · b with factors of 1. A bias is stored too, one value an output.</summary>
    public static Dictionary<NodeProto, WeightedNode> Find(GraphProto graph)
    {
        var result = new Dictionary<NodeProto, WeightedNode>(ReferenceEqualityComparer.Instance);
        var stored = graph.Initializer.ToDictionary(t => t.Name);
        foreach (var node in graph.Node.Where(n => n.IsStandard() && n.Input.Count >= 2))
        {
            if (!stored.TryGetValue(node.Input[1], out var weight) || weight.ElementType() != DataType.Float || stored.ContainsKey(node.Input[0]))
            {
                continue;
            }

            int? axis = (node.OpType, weight.Dims.Count) switch
            {
                ("MatMul", 2) => 1,
                ("Conv", >= 3) => 0,
                ("Gemm", 2) when node.GetFloat("alpha", 1) == 1 && node.GetFloat("beta", 1) == 1 && node.GetInt("transA", 0) == 0 => node.GetInt("transB", 0) != 0 ? 0 : 1,
                _ => null,
            };
            if (axis is { } found
                && (node.InputOrNull(2) is not { } bias || (stored.TryGetValue(bias, out var values) && values.Dims.SequenceEqual([weight.Dims[found]]))))
            {
                result[node] = new WeightedNode(node, node.Input[0], weight, found);
            }
        }

        return result;
    }
}
