using OneFractal.Data;

using YamlDotNet.Serialization;

namespace OneFractal.Training;

/// <summary>A fine-tuning run: which images, from which weights, and how.</summary>
public sealed record FinetuningSettings
{
    /// <summary><c>fashion-mnist</c>, or a folder of class folders (with or without <c>train</c>, <c>val</c>, <c>test</c>).</summary>
    public string Data { get; init; } = "";

    /// <summary>Model file to start from, or null to start from scratch.</summary>
    public string? Backbone { get; init; }

    /// <summary>What <see cref="Backbone"/> cannot say of itself where OneFractal did not write it.</summary>
    public ForeignModelSettings Foreign { get; init; } = new();

    /// <summary>Name of the architecture to start from scratch, or null to start from <see cref="Backbone"/>.</summary>
    public string? FromScratch { get; init; }

    /// <summary>How many labelled training images are used, each class its share; null for all.</summary>
    public int? Labelled { get; init; }

    /// <summary>
    /// How many of the remaining training images are not learnt from but measured while it learns; 0 for none. Null for the validation images that the data
    /// set names, or else some of the labelled ones of each class (<see cref="FinetuningDefaults"/>).
    /// </summary>
    public int? Validation { get; init; }

    /// <summary>
    /// After how many measurements (of 50 in a run) without a lower loss on the validation images training ends, and the best weights are the result; 0 for
    /// the last weights after all steps; null for <see cref="FinetuningDefaults.Patience"/>.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>Whether rare classes are shown oftener.</summary>
    public ClassWeighting ClassWeights { get; init; } = ClassWeighting.Auto;

    /// <summary>
    /// How often the images of each class are shown, in proportion and in the order of the class names; null to leave it to <see cref="ClassWeights"/>, which
    /// then fills it in where classes are weighted.
    /// </summary>
    public double[]? ClassFactors { get; init; }

    /// <summary>What to do about images that cannot be decoded.</summary>
    public OnBadImage OnBadImage { get; init; } = OnBadImage.Fail;

    /// <summary>How the network is trained; null for what fits the number of images (<see cref="FinetuningDefaults"/>).</summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>What is changed of a recipe that was chosen by the number of images; null for nothing.</summary>
    [YamlIgnore]
    public Func<TrainingRecipe, TrainingRecipe>? Adjust { get; init; }

    /// <summary>Decides which images are used, the head's initial weights, order, augmentation and drop path.</summary>
    public ulong Seed { get; init; }
}
