namespace OneFractal.Inference;

/// <summary>How <see cref="LatencyBenchmark"/> measures.</summary>
public sealed record LatencyBenchmarkSettings
{
    /// <summary>Runs before the clock starts: caches fill and threads start.</summary>
    public int WarmUp { get; init; } = 10;

    /// <summary>Most runs that are timed, for each batch size.</summary>
    public int Runs { get; init; } = 100;

    /// <summary>Longest time of the timed runs of one batch size; at least one run is made.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Images in a batch of the throughput measurement.</summary>
    public int BatchSize { get; init; } = 32;
}
