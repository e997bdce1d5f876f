using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What a protocol came to.</summary>
/// <param name="Predictions">For the test images.</param>
/// <param name="TrainingImages">Images that the classifier learnt from.</param>
/// <param name="ValidationImages">Images that its settings were chosen by.</param>
internal sealed record ProtocolOutcome(ImagePredictions Predictions, int TrainingImages, int ValidationImages)
{
    public int? Steps { get; init; }

    public double? LearningRate { get; init; }

    public double? WeightDecay { get; init; }

    public double? L2 { get; init; }

    public double? LastEpoch { get; init; }

    public double? ValidationAccuracy { get; init; }

    public double? BestEpoch { get; init; }

    public double? BestValidationAccuracy { get; init; }

    public double TrainingSeconds { get; init; }

    public double ImagesPerSecond { get; init; }

    /// <summary>What computed the training, or the features where there is none.</summary>
    public string Backend { get; init; } = BackendKind.OnnxRuntime.OptionValue();

    /// <summary>Name of the folder of the training, or null.</summary>
    public string? Training { get; init; }
}
