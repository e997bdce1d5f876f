namespace OneFractal.Training;

/// <summary>A node through which gradients flow backwards: its values, the gradients of its outputs, and where new nodes go.</summary>
internal sealed class GradientContext(GraphBuilder graph, NodeProto node, IReadOnlySet<string> wanted, Func<string, Value?> gradientOf)
{
    public GraphBuilder Graph { get; } = graph;

    public NodeProto Node { get; } = node;

    /// <summary>Number of inputs, left-out ones included.</summary>
    public int Count => Node.Input.Count;

    /// <summary>An input that must be there.</summary>
    public Value Input(int index) => Graph.Find(Node.Input[index]);

    /// <summary>An output of the forward pass.</summary>
    public Value Output(int index = 0) => Graph.Find(Node.Output[index]);

    /// <summary>The loss's gradient with respect to an output, or null when it does not depend on it.</summary>
    public Value? OutputGradient(int index) => gradientOf(Node.Output[index]);

    /// <summary>The gradient of the only output that matters.</summary>
    public Value Gradient => OutputGradient(0)!;

    /// <summary>Whether the gradient of an input is asked for.</summary>
    public bool Wants(int index) => Node.InputOrNull(index) is { } name && wanted.Contains(name);

    /// <summary>Integers that are an attribute or, in later opsets, a constant input; null when the node has neither.</summary>
    public long[]? Ints(string attribute, int input)
    {
        return Node.GetInts(attribute)
            ?? (Node.InputOrNull(input) is null ? null : Input(input).Info.KnownElements ?? throw Error($"needs input {input} to be constant"));
    }

    public ModelException Error(string problem) => new($"{Node.Describe()} {problem}: it cannot be differentiated on ONNX Runtime. Use --backend torchsharp.");
}
