namespace OneFractal.Export;

/// <summary>Which values of a graph are images on their way, and which are stored tensors, from one walk in the graph's order.</summary>
internal sealed class GraphFacts
{
    // They give the same weights in another layout or, for a token, as often as there are images. All read the tensor as their first input.
    private static readonly HashSet<string> Rearranging =
        ["Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Expand", "Tile", "Gather", "Slice", "Resize", "Upsample"];

    // No weight is that low; in a mask it leaves nothing of a softmax.
    private const float MaskBelow = -50f;

    private readonly Dictionary<string, NodeProto> _producers = [];
    private readonly Dictionary<string, TensorProto> _stored;
    private readonly HashSet<string> _data;

    public GraphFacts(OnnxModel model)
    {
        _stored = model.Graph.Initializer.ToDictionary(t => t.Name);
        _data = [.. model.Graph.Input.Select(i => i.Name).Where(n => !_stored.ContainsKey(n))];
        foreach (var node in model.Graph.Node)
        {
            // How large an image is says nothing of what is on it.
            var isData = node.OpType is not ("Shape" or "Size") && node.AllReads().Any(_data.Contains);
            foreach (var output in node.Output.Where(o => o.Length > 0))
            {
                _producers[output] = node;
                if (isData)
                {
                    _data.Add(output);
                }
            }

            if (!isData && node.Output is [{ Length: > 0 } name] && Rearranged(node) is { } tensor)
            {
                _stored[name] = tensor;
            }
        }
    }

    /// <summary>Whether the value depends on the graph's input.</summary>
    public bool IsData(string value) => _data.Contains(value);

    /// <summary>The node that computes the value, or null.</summary>
    public NodeProto? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The initializer that the value is, however rearranged, or null.</summary>
    public TensorProto? Stored(string? value) => value is null || _data.Contains(value) ? null : _stored.GetValueOrDefault(value);

    /// <summary>Whether the tensor is added to scores of attention so that some count for nothing.</summary>
    public static bool IsMask(TensorProto tensor)
    {
        return tensor.ElementType() == DataType.Float && tensor.ToFloats() is var values && values.All(v => v is 0 or <= MaskBelow) && values.Any(v => v != 0);
    }

    private TensorProto? Rearranged(NodeProto node)
    {
        if (!node.IsStandard() || node.InputOrNull(0) is not { } first || !_stored.TryGetValue(first, out var tensor))
        {
            return null;
        }

        if (Rearranging.Contains(node.OpType))
        {
            return tensor;
        }

        // Swin adds its mask to the relative positions, which are learnt, before both go to the scores.
        return node.OpType != "Add" || node.InputOrNull(1) is not { } second || !_stored.TryGetValue(second, out var other) ? null
            : IsMask(other) ? tensor
            : IsMask(tensor) ? other
            : null;
    }
}
