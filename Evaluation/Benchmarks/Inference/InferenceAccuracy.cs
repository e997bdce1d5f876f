namespace OneFractal.Evaluation;

/// <summary>How often a model that is measured is right, on the first of the devices.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Images">Test images.</param>
/// <param name="Top1">Share whose likeliest class is the right one.</param>
/// <param name="Top5">Share whose right class is among the five likeliest.</param>
/// <param name="Loss">Mean cross-entropy, in nats.</param>
public sealed record InferenceAccuracy(string Model, int Images, double Top1, double Top5, double Loss);
