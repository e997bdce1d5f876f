namespace OneFractal.Evaluation;

/// <summary>A test image that was taken for something else.</summary>
/// <param name="Index">Its index in the test images.</param>
/// <param name="Label">Its class.</param>
/// <param name="Predicted">The class it was taken for.</param>
/// <param name="Probability">How sure the classifier was of that.</param>
public sealed record Mistake(int Index, int Label, int Predicted, double Probability);
