namespace OneFractal.Training;

/// <summary>Who computes and who reads each value of a graph, for patterns that look at several nodes.</summary>
internal sealed class GraphView
{
    private readonly Dictionary<string, NodeProto> _producers = [];
    private readonly Dictionary<string, int> _readers = [];
    private readonly Dictionary<string, TensorProto> _initializers;
    private readonly HashSet<string> _trainable;

    public GraphView(OnnxModel model)
    {
        Model = model;
        Infos = ShapeInference.InferAll(model);
        _initializers = model.Graph.Initializer.ToDictionary(t => t.Name);
        _trainable = [.. model.TrainableNames ?? []];
        foreach (var node in model.Graph.Node)
        {
            foreach (var output in node.Output)
            {
                _producers[output] = node;
            }

            foreach (var input in node.Input)
            {
                _readers[input] = _readers.GetValueOrDefault(input) + 1;
            }
        }

        foreach (var output in model.Graph.Output)
        {
            // An output is read by the caller: it can never be fused away.
            _readers[output.Name] = int.MaxValue / 2;
        }
    }

    public OnnxModel Model { get; }

    public Dictionary<string, TensorInfo> Infos { get; }

    /// <summary>The node that computes the value if it is of that type and nobody else reads the value.</summary>
    public NodeProto? OnlyFor(string value, string opType)
    {
        return _producers.GetValueOrDefault(value) is { } node && node.IsStandard() && node.OpType == opType && _readers[value] == 1 ? node : null;
    }

    /// <summary>How many inputs of nodes the value is; very many for an output of the graph.</summary>
    public int Readers(string value) => _readers.GetValueOrDefault(value);

    /// <summary>Whether the value is an initializer.</summary>
    public bool IsInitializer(string value) => _initializers.ContainsKey(value);

    /// <summary>The value if nothing ever changes it: an initializer that does not train, or a Constant node's tensor; else null.</summary>
    public TensorProto? Constant(string value)
    {
        return _initializers.GetValueOrDefault(value) is { } initializer
            ? _trainable.Contains(value) ? null : initializer
            : _producers.GetValueOrDefault(value) is { Domain: "" or "ai.onnx", OpType: "Constant" } node ? node.Find("value")?.T : null;
    }

    /// <summary>A float32 constant of one element, or null.</summary>
    public float? Scalar(string value)
    {
        return _initializers.GetValueOrDefault(value) is { } t && t.ElementType() == DataType.Float && t.ElementCount() == 1 ? t.ToFloats()[0] : null;
    }

    /// <summary>
    /// Of a commutative node's two inputs, the one that <paramref name="pick"/> accepts and the other; null when it accepts neither.
    /// </summary>
    public static (T Picked, string Other)? Either<T>(NodeProto node, Func<string, T?> pick)
        where T : class
    {
        return pick(node.Input[0]) is { } first ? (first, node.Input[1])
            : pick(node.Input[1]) is { } second ? (second, node.Input[0])
            : null;
    }

    /// <summary>The input of a commutative node that is not the scalar <paramref name="constant"/>, or null.</summary>
    public string? OtherThanScalar(NodeProto node, float constant)
    {
        bool Is(string value) => Scalar(value) is { } s && Math.Abs(s - constant) <= 1e-6f * Math.Abs(constant);
        return Is(node.Input[1]) ? node.Input[0] : Is(node.Input[0]) ? node.Input[1] : null;
    }
}
