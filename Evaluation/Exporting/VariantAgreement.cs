namespace OneFractal.Evaluation;

/// <summary>The outputs of a variant of a model beside those of float32, on the same images.</summary>
/// <param name="Images">How many images.</param>
/// <param name="Accuracy">Share whose likeliest class is the right one, or null where there are no classes or labels.</param>
/// <param name="Top1Agreement">Share whose likeliest class is that of float32, or null of features.</param>
/// <param name="Cosine">Mean cosine similarity of an image's first output to that of float32.</param>
/// <param name="MaxDifference">Largest difference of any value of any output.</param>
/// <param name="Scale">Largest value of float32.</param>
public sealed record VariantAgreement(int Images, double? Accuracy, double? Top1Agreement, double Cosine, double MaxDifference, double Scale);
