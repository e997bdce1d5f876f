namespace OneFractal.Training;

/// <summary>How well a classifier does on a set of images.</summary>
/// <param name="Loss">Mean cross entropy.</param>
/// <param name="Accuracy">Top-1 accuracy, 0 to 1.</param>
/// <param name="Count">Number of images.</param>
public sealed record Score(double Loss, double Accuracy, int Count);
