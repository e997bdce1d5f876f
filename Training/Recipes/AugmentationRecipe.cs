using OneFractal.Data.Transforms;

namespace OneFractal.Training;

/// <summary>The augmentation part of a <see cref="TrainingRecipe"/>, in the words of its YAML file.</summary>
public sealed record AugmentationRecipe
{
    /// <summary>Least and greatest share of the area that a random resized crop keeps.</summary>
    public double[] CropScale { get; init; } = [0.08, 1.0];

    /// <summary>Least and greatest ratio of width to height of the crop.</summary>
    public double[] CropRatio { get; init; } = [3.0 / 4, 4.0 / 3];

    /// <summary>How the crop is resized.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bilinear;

    /// <summary>Chance of a flip left to right.</summary>
    public double HorizontalFlip { get; init; } = 0.5;

    /// <summary>Chance of a flip top to bottom.</summary>
    public double VerticalFlip { get; init; }

    /// <summary>Brightness is multiplied by a factor in [1 − b, 1 + b].</summary>
    public double Brightness { get; init; }

    /// <summary>Chance of a light blur.</summary>
    public double Blur { get; init; }

    /// <summary>The transform's settings.</summary>
    /// <exception cref="UsageException">A pair does not have two numbers.</exception>
    public TrainingTransformSettings ToSettings() => new()
    {
        CropScale = Pair(CropScale, "crop_scale"),
        CropRatio = Pair(CropRatio, "crop_ratio"),
        Interpolation = Interpolation,
        HorizontalFlip = HorizontalFlip,
        VerticalFlip = VerticalFlip,
        Brightness = Brightness,
        Blur = Blur,
    };

    private static (double Min, double Max) Pair(double[] values, string name)
    {
        return values is [var min, var max] ? (min, max) : throw new UsageException($"Recipe: {name} must be two numbers, not {values.Length}.");
    }
}
