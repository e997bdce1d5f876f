namespace OneFractal.Training;

/// <summary>How a fine-tuning went that was not tested.</summary>
/// <param name="Metrics">The rows of <c>metrics.csv</c>.</param>
/// <param name="Backend">What computed the steps.</param>
public sealed record TrainingOutcome(IReadOnlyList<MetricsRow> Metrics, BackendKind Backend);
