namespace OneFractal.Inference;

/// <summary>Where and how ONNX Runtime runs a model.</summary>
public sealed record SessionSettings
{
    /// <summary>The device; <c>auto</c> takes the CPU where CUDA does not work.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Auto;

    /// <summary>Threads of one operator; 0 leaves it to ONNX Runtime, which takes one per physical core.</summary>
    public int Threads { get; init; }

    /// <summary>Whether ONNX Runtime may rewrite the graph (fusions, layouts). Without, every node runs as it is written.</summary>
    public bool Optimize { get; init; } = true;
}
