namespace OneFractal.Training;

/// <summary>What pre-training left.</summary>
/// <param name="Run">Its files; <see cref="RunFolder.Backbone"/> is the result.</param>
/// <param name="Metrics">The rows of <c>metrics.csv</c>.</param>
/// <param name="Backend">What computed the steps.</param>
public sealed record PretrainingResult(RunFolder Run, IReadOnlyList<MetricsRow> Metrics, BackendKind Backend);
