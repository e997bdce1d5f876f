using OneFractal.Data;

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

    /// <summary>How many of the remaining training images are watched while it learns; 0 for none.</summary>
    public int Validation { get; init; }

    /// <summary>What to do about images that cannot be decoded.</summary>
    public OnBadImage OnBadImage { get; init; } = OnBadImage.Fail;

    /// <summary>How the network is trained.</summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Decides which images are used, the head's initial weights, order, augmentation and drop path.</summary>
    public ulong Seed { get; init; }
}
