namespace OneFractal.Training;

/// <summary>What fine-tuning left.</summary>
/// <param name="Run">Its files; <see cref="RunFolder.Classifier"/> is the result.</param>
/// <param name="Metrics">The rows of <c>metrics.csv</c>.</param>
/// <param name="Test">The score on the test images.</param>
/// <param name="TrainingImages">How many labelled images it learnt from.</param>
/// <param name="Backend">What computed the steps.</param>
public sealed record FinetuningResult(RunFolder Run, IReadOnlyList<MetricsRow> Metrics, Score Test, int TrainingImages, BackendKind Backend);
