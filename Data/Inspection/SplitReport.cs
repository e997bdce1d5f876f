namespace OneFractal.Data.Inspection;

/// <summary>What one split of a data set holds.</summary>
public sealed record SplitReport
{
    /// <summary>Which split.</summary>
    public required DatasetSplit Split { get; init; }

    /// <summary>How many images.</summary>
    public required int Images { get; init; }

    /// <summary>Images of each class, in label order.</summary>
    public required IReadOnlyList<int> ImagesPerClass { get; init; }

    /// <summary>The sizes of the images looked at, the most frequent first.</summary>
    public required IReadOnlyList<(int Width, int Height, int Images)> Sizes { get; init; }

    /// <summary>How many of the images looked at are grey.</summary>
    public required int Grey { get; init; }

    /// <summary>Mean of R, G and B over the images looked at, of pixels in [0, 1], each image weighing the same.</summary>
    public required IReadOnlyList<double> Mean { get; init; }

    /// <summary>Standard deviation of R, G and B in the same way.</summary>
    public required IReadOnlyList<double> Std { get; init; }
}
