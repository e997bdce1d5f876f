namespace OneFractal.Evaluation;

/// <summary>Predictions of about the same confidence.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Confidence">Mean probability of the class predicted.</param>
/// <param name="Accuracy">Share that is right.</param>
public sealed record CalibrationBin(int Count, double Confidence, double Accuracy);
