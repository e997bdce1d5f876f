using System.Text.Json;
using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>One row of <c>scenarios.csv</c>: a model in a scenario.</summary>
[CsvRecord]
public sealed partial record ScenarioRow
{
    /// <summary>Name of the model.</summary>
    [CsvColumn("model")]
    public string Model { get; init; } = "";

    /// <summary>Where it ran.</summary>
    [CsvColumn("device")]
    public string Device { get; init; } = "";

    /// <summary>Threads asked for; 0 leaves it to ONNX Runtime.</summary>
    [CsvColumn("threads")]
    public int Threads { get; init; }

    /// <summary>single_stream, offline or server.</summary>
    [CsvColumn("scenario")]
    public string Scenario { get; init; } = "";

    /// <summary>Most queries that are answered in one run.</summary>
    [CsvColumn("maximum_batch")]
    public int MaximumBatch { get; init; }

    /// <summary>Mean number of queries answered in one run.</summary>
    [CsvColumn("mean_batch")]
    public double MeanBatch { get; init; }

    /// <summary>Queries that were answered.</summary>
    [CsvColumn("queries")]
    public int Queries { get; init; }

    /// <summary>Answered a second; server: how many came a second.</summary>
    [CsvColumn("queries_per_second")]
    public double QueriesPerSecond { get; init; }

    /// <summary>Mean time from arrival to answer, in milliseconds.</summary>
    [CsvColumn("mean_ms")]
    public double Mean { get; init; }

    /// <summary>Half took no longer.</summary>
    [CsvColumn("p50_ms")]
    public double P50 { get; init; }

    /// <summary>90 % took no longer.</summary>
    [CsvColumn("p90_ms")]
    public double P90 { get; init; }

    /// <summary>99 % took no longer.</summary>
    [CsvColumn("p99_ms")]
    public double P99 { get; init; }

    /// <summary>Server: what 99 % must keep to.</summary>
    [CsvColumn("bound_ms")]
    public double? Bound { get; init; }

    /// <summary>Server: whether they did.</summary>
    [CsvColumn("valid")]
    public bool? Valid { get; init; }

    /// <summary>The row of what was measured.</summary>
    internal static ScenarioRow Of(ScenarioFigures f) => new()
    {
        Model = f.Model,
        Device = $"{f.Device}",
        Threads = f.Threads,
        Scenario = Name(f.Scenario),
        MaximumBatch = f.MaximumBatch,
        MeanBatch = f.MeanBatch,
        Queries = f.Latency.Count,
        QueriesPerSecond = f.QueriesPerSecond,
        Mean = f.Latency.Mean,
        P50 = f.Latency.P50,
        P90 = f.Latency.P90,
        P99 = f.Latency.P99,
        Bound = f.BoundMilliseconds,
        Valid = f.Valid,
    };

    /// <summary>What files call a scenario.</summary>
    public static string Name(LoadScenario scenario) => JsonNamingPolicy.SnakeCaseLower.ConvertName(scenario.ToString());
}
