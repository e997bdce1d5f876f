using System.Text.Json.Serialization;

namespace OneFractal.Inference;

/// <summary>Runs of a model at one combination of settings.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Device">Where it ran.</param>
/// <param name="Threads">Threads asked for; 0 leaves it to ONNX Runtime.</param>
/// <param name="Batch">Images in a run.</param>
/// <param name="Binding">How input and output were passed.</param>
/// <param name="WarmUpRuns">Runs before the clock started.</param>
/// <param name="WarmUpSeconds">How long they took.</param>
/// <param name="Stable">Whether the times were stable by then: medians of three runs and of the three before differed by less than 5 %.</param>
/// <param name="Latency">Times of the runs.</param>
/// <param name="InferencesPerSecond">Runs a second, one after the other.</param>
/// <param name="CpuPercent">Processor time over time: 100 is one core.</param>
/// <param name="RoundMedians">The median of each round in milliseconds, for ratios to those that ran in the same round.</param>
public sealed record InferenceFigures(
    string Model,
    ComputeDevice Device,
    int Threads,
    int Batch,
    IoBinding Binding,
    int WarmUpRuns,
    double WarmUpSeconds,
    bool Stable,
    Latencies Latency,
    double InferencesPerSecond,
    double CpuPercent,
    IReadOnlyList<double> RoundMedians)
{
    /// <summary>Images a second.</summary>
    public double ImagesPerSecond => InferencesPerSecond * Batch;

    /// <summary>The time of every run in milliseconds, in their order.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> Milliseconds { get; init; } = [];
}
