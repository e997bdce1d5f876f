namespace OneFractal.Export;

/// <summary>One node whose output types and shapes are wanted; rules read it and fail through it.</summary>
internal sealed class InferenceContext(NodeProto node, int opset, TensorInfo?[] inputs)
{
    public NodeProto Node { get; } = node;

    public int Opset { get; } = opset;

    /// <summary>What is known of the inputs; null for a left-out or unknown one.</summary>
    public TensorInfo?[] Inputs { get; } = inputs;

    public TensorInfo Input(int index) => Optional(index) ?? throw Error($"needs input {index}");

    public TensorInfo? Optional(int index) => index < Inputs.Length ? Inputs[index] : null;

    /// <summary>Whether the node has the input at all, known or not.</summary>
    public bool IsGiven(int index) => Node.InputOrNull(index) is not null;

    /// <summary>An axis in [0, rank), from one that may count from the end.</summary>
    public int Axis(long axis, int rank)
    {
        return axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : throw Error($"axis {axis} is outside rank {rank}");
    }

    /// <summary>Integers that moved from an attribute to an input in a later opset.</summary>
    public long[]? IntsFromInputOrAttribute(string name, int input)
    {
        return Node.GetInts(name) ?? Optional(input)?.KnownElements;
    }

    public Exception Error(string problem)
    {
        var shapes = string.Join(", ", Inputs.Select(i => i?.ToString() ?? "–"));
        return new ModelException($"{Node.Describe()} ({shapes}): {problem}.");
    }
}
