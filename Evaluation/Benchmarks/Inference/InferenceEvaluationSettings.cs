using OneFractal.Data;

namespace OneFractal.Evaluation;

/// <summary>What <see cref="InferenceEvaluation"/> measures.</summary>
public sealed record InferenceEvaluationSettings
{
    /// <summary>The models and the combinations that they are measured at.</summary>
    public InferenceBenchmarkSettings Speed { get; init; } = new();

    /// <summary>What <see cref="Datasets"/> opens, to test the models on its test images; null for none.</summary>
    public string? Data { get; init; }

    /// <summary>How many of the test images, each class its share; null for all.</summary>
    public int? TestImages { get; init; }
}
