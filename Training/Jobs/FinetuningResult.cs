namespace OneFractal.Training;

/// <summary>What fine-tuning left.</summary>
/// <param name="Run">Its files; <see cref="RunFolder.Classifier"/> is the result.</param>
/// <param name="Settings">What it was done with, all of it resolved.</param>
/// <param name="Metrics">The rows of <c>metrics.csv</c>.</param>
/// <param name="Kept">The row of the weights that were kept where those are the ones of the lowest loss on the validation images; null for the last.</param>
/// <param name="Test">The score on the test images.</param>
/// <param name="TrainingImages">How many labelled images it learnt from.</param>
/// <param name="ValidationImages">How many others it was measured on.</param>
/// <param name="Backend">What computed the steps.</param>
public sealed record FinetuningResult(
    RunFolder Run, FinetuningSettings Settings, IReadOnlyList<MetricsRow> Metrics, MetricsRow? Kept, Score Test, int TrainingImages, int ValidationImages, BackendKind Backend);
