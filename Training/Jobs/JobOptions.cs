using OneFractal.Data.Synthesis;

namespace OneFractal.Training;

/// <summary>Where and with what a run computes: none of it changes the result beyond rounding.</summary>
public sealed record JobOptions
{
    /// <summary>The run folder.</summary>
    public required string Output { get; init; }

    /// <summary>Goes on with the run in <see cref="Output"/> instead of starting one.</summary>
    public bool Resume { get; init; }

    /// <summary>The folder whose name, after <c>--resume</c>, goes on with the run when it was stopped: null for its own, or that of larger work it is a part of.</summary>
    public string? ResumedBy { get; init; }

    /// <summary>Where to compute.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Auto;

    /// <summary>
    /// What computes the steps. <see cref="BackendKind.Auto"/> measures which is faster when a run starts, and keeps that one when it is resumed; naming one
    /// resumes on it, whichever the run began with.
    /// </summary>
    public BackendKind Backend { get; init; }

    /// <summary>Threads that prepare batches.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, 8);

    /// <summary>Threads of the CPU backend; 0 for one per core.</summary>
    public int Threads { get; init; }

    /// <summary>Steps from one checkpoint to the next; 0 for a checkpoint a minute.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Bytes of drawn images that pre-training keeps in memory; what does not fit is drawn again each time.</summary>
    public long CacheBytes { get; init; } = SyntheticDataset.DefaultCacheBytes;

    /// <summary>Where progress goes.</summary>
    public IProgressReporter Progress { get; init; } = NullProgress.Instance;
}
