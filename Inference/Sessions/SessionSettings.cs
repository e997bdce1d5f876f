namespace OneFractal.Inference;

/// <summary>Where and how ONNX Runtime runs a model.</summary>
public sealed record SessionSettings
{
    /// <summary>The device; <c>auto</c> takes the CPU where CUDA does not work.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Auto;

    /// <summary>Threads to compute with; 0 leaves it to ONNX Runtime, which takes one per physical core for each run.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Runs that will be made side by side, among which the threads are divided. Two runs at a time, each on half of the cores, fill the gaps that one
    /// leaves where its threads wait for each other or for a core that decodes an image: what <see cref="FilePredictor"/> makes of many files. One has
    /// the lowest latency.
    /// </summary>
    public int ParallelRuns { get; init; } = 1;

    /// <summary>
    /// Whether the threads of a finished run leave the cores at once, instead of waiting busily for the next: for sessions that others run beside. It is
    /// so where there are parallel runs.
    /// </summary>
    public bool ParkThreads { get; init; }

    /// <summary>How far ONNX Runtime may rewrite the graph.</summary>
    public GraphOptimization Optimization { get; init; } = GraphOptimization.All;
}
