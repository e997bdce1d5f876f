namespace OneFractal.Inference;

/// <summary>What <see cref="LatencyBenchmark"/> measured.</summary>
/// <param name="Device">Where the model ran.</param>
/// <param name="Runs">Timed runs at batch 1.</param>
/// <param name="MedianMilliseconds">Median time of one image alone.</param>
/// <param name="P95Milliseconds">95 % of single images took no longer.</param>
/// <param name="BatchSize">Images in a batch of the throughput measurement.</param>
/// <param name="ImagesPerSecond">Images a second at that batch size, from the median time of a batch.</param>
public sealed record LatencyReport(
    ComputeDevice Device, int Runs, double MedianMilliseconds, double P95Milliseconds, int BatchSize, double ImagesPerSecond);
