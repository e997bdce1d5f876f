namespace OneFractal.Inference;

/// <summary>How <see cref="PredictionBenchmark"/> measures.</summary>
public sealed record PredictionBenchmarkSettings
{
    /// <summary>Where the model runs.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Auto;

    /// <summary>Threads of the model; 0 leaves it to ONNX Runtime.</summary>
    public int Threads { get; init; }

    /// <summary>Threads that decode; 0 takes one per core.</summary>
    public int Workers { get; init; }

    /// <summary>Runs of the model that the pipeline makes side by side.</summary>
    public int ParallelRuns { get; init; } = 2;

    /// <summary>Images in one run of the model.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>How often all three are measured, one after the other.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Least time of each measurement.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(2);
}
