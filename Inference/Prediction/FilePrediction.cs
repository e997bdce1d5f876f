namespace OneFractal.Inference;

/// <summary>What became of one image file: a prediction, or why there is none.</summary>
/// <param name="Path">The file.</param>
/// <param name="Prediction">The prediction, or null.</param>
/// <param name="Error">What is wrong with the file, or null.</param>
public sealed record FilePrediction(string Path, Prediction? Prediction, string? Error);
