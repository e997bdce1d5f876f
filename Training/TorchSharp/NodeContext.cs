using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>A node that is being compiled: its attributes, and which of its inputs are known constants.</summary>
internal sealed class NodeContext(GraphView graph, NodeProto node)
{
    public NodeProto Node { get; } = node;

    public int Opset => graph.Model.Opset;

    public long Int(string name, long fallback) => Node.GetInt(name, fallback);

    public float Float(string name, float fallback) => Node.GetFloat(name, fallback);

    public long[]? Ints(string name) => Node.GetInts(name);

    /// <summary>Rank of an input, which must be known.</summary>
    public int Rank(int input) => Info(input)?.Rank ?? throw Error($"the rank of input {input} is not known before it runs");

    public TensorInfo? Info(int input) => Node.InputOrNull(input) is { } name ? graph.Infos.GetValueOrDefault(name) : null;

    /// <summary>A float32 scalar that is a constant input, or null: reading it when the node runs would wait for the device.</summary>
    public float? Scalar(int input) => Node.InputOrNull(input) is { } name ? graph.Scalar(name) : null;

    /// <summary>
    /// Integers that are an attribute or a constant input, or are read when the node runs. Null when the node has neither.
    /// </summary>
    public Func<Tensor?[], long[]>? Integers(int input, string? attribute = null)
    {
        if (attribute is not null && Node.GetInts(attribute) is { } fixedValues)
        {
            return _ => fixedValues;
        }

        if (Node.InputOrNull(input) is null)
        {
            return null;
        }

        return Info(input)?.KnownElements is { } known ? _ => known : inputs => ReadInt64(inputs[input]!);
    }

    public ModelException Error(string problem) => new($"'{graph.Model.Source}': {Node.Describe()} (opset {Opset}): {problem}.");

    private static long[] ReadInt64(Tensor tensor)
    {
        using var host = tensor.to(ScalarType.Int64, CPU);
        using var contiguous = host.contiguous();
        return contiguous.data<long>().ToArray();
    }
}
