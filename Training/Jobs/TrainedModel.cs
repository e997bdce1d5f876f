namespace OneFractal.Training;

/// <summary>What the loop left.</summary>
/// <param name="Model">The trained model with its head.</param>
/// <param name="Metrics">The rows of <c>metrics.csv</c>.</param>
/// <param name="Kept">The row of the model's weights where those are the best and not the last.</param>
/// <param name="Test">The score on the test images, if there are any.</param>
/// <param name="Backend">What computed it.</param>
internal sealed record TrainedModel(OnnxModel Model, IReadOnlyList<MetricsRow> Metrics, MetricsRow? Kept, Score? Test, BackendKind Backend);
