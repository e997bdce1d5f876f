namespace OneFractal.Training;

/// <summary>Which model a <see cref="TrainStepFile"/> trains, and how.</summary>
public sealed record TrainStepSettings
{
    /// <summary>A classifier, a backbone, any ONNX image network, or another train step.</summary>
    public required string Model { get; init; }

    /// <summary>Classes of a fresh head, which replaces the model's; null to train the head that it has.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>What the file cannot say of itself where OneFractal did not write it.</summary>
    public ForeignModelSettings Foreign { get; init; } = new();

    /// <summary>
    /// Batch size, optimizer, decay, clipping and drop path. Learning rates, smoothing of targets and augmentation are for whoever feeds the graph.
    /// </summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Seed of a fresh head's weights.</summary>
    public ulong Seed { get; init; }
}
