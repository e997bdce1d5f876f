namespace OneFractal.Training;

/// <summary>The operators that TorchSharp executes: a table <c>operator, first opset → torch functions</c>.</summary>
internal static partial class OperatorTable
{
    private static readonly Dictionary<string, OperatorVersion[]> Versions =
        Elementwise().Concat(Layers()).Concat(Layout()).Concat(Constants())
            .GroupBy(v => v.OpType)
            .ToDictionary(g => g.Key, g => g.OrderByDescending(v => v.Since).ToArray());

    /// <summary>The newest implementation that is not above the opset, or null.</summary>
    public static OperatorVersion? Find(NodeProto node, int opset)
    {
        return node.Domain is "" or "ai.onnx" && Versions.TryGetValue(node.OpType, out var versions)
            ? versions.FirstOrDefault(v => v.Since <= opset)
            : null;
    }
}
