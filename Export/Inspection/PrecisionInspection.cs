namespace OneFractal.Export;

/// <summary>Finds what a model computes with.</summary>
public static class PrecisionInspection
{
    /// <summary>The least exact of what the model's weights, conversions and operators say.</summary>
    public static ModelPrecision LeastExact(OnnxModel model)
    {
        NodeProto[] nodes = [.. model.Graph.WithBodies().SelectMany(g => g.Node)];
        HashSet<DataType> types = [.. model.Graph.Tensors().Select(t => t.ElementType()), .. nodes.Where(n => n.OpType == "Cast").Select(n => (DataType)n.GetInt("to", 0))];
        return nodes.Any(IsQuantized) ? ModelPrecision.Int8
            : types.Contains(DataType.Bfloat16) ? ModelPrecision.BFloat16
            : types.Contains(DataType.Float16) ? ModelPrecision.Float16
            : ModelPrecision.Float32;
    }

    private static bool IsQuantized(NodeProto node)
    {
        return node.OpType.EndsWith("QuantizeLinear", StringComparison.Ordinal) || node.OpType.EndsWith("Integer", StringComparison.Ordinal)
            || node.OpType.StartsWith("QLinear", StringComparison.Ordinal);
    }
}
