namespace OneFractal.Inference;

/// <summary>What a model did in a scenario.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Device">Where it ran.</param>
/// <param name="Threads">Threads asked for; 0 leaves it to ONNX Runtime.</param>
/// <param name="Scenario">Which scenario.</param>
/// <param name="MaximumBatch">Most queries that are answered in one run: a run takes all that wait, up to so many.</param>
/// <param name="QueriesPerSecond">Answered a second; server: how many came a second.</param>
/// <param name="Latency">From a query's arrival to its answer.</param>
/// <param name="BoundMilliseconds">Server: the latency that 99 % must keep to.</param>
/// <param name="Valid">Server: whether they did. When the rate was searched for, false means that none of those tried did, and the figures are those of the lowest.</param>
/// <param name="MeanBatch">Mean number of queries answered in one run.</param>
public sealed record ScenarioFigures(
    string Model,
    ComputeDevice Device,
    int Threads,
    LoadScenario Scenario,
    int MaximumBatch,
    double QueriesPerSecond,
    Latencies Latency,
    double? BoundMilliseconds,
    bool? Valid,
    double MeanBatch);
