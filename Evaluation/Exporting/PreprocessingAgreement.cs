namespace OneFractal.Evaluation;

/// <summary>What the preprocessing in a graph makes of images beside what OneFractal's own (OpenCV) makes of them, and the outputs that follow.</summary>
/// <param name="Images">How many images.</param>
/// <param name="MeanPixel">Mean difference of a pixel, in brightness from 0 to 255.</param>
/// <param name="MaxPixel">Largest difference of a pixel.</param>
/// <param name="MaxDifference">Largest difference of the model's outputs.</param>
/// <param name="Top1Agreement">Share of images with the same likeliest class, or null of features.</param>
public sealed record PreprocessingAgreement(int Images, double MeanPixel, double MaxPixel, double MaxDifference, double? Top1Agreement);
