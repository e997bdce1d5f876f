using OneFractal.Common;

namespace OneFractal.Data.Transforms;

/// <summary>How training images are varied. Probabilities are in [0, 1]; the defaults are the usual crop and flip.</summary>
public sealed record TrainingTransformSettings
{
    /// <summary>Least and greatest share of the image's area that a random resized crop keeps.</summary>
    public (double Min, double Max) CropScale { get; init; } = (0.08, 1.0);

    /// <summary>Least and greatest ratio of width to height of the crop.</summary>
    public (double Min, double Max) CropRatio { get; init; } = (3.0 / 4, 4.0 / 3);

    /// <summary>How the crop is resized.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bilinear;

    /// <summary>Chance of a flip left to right.</summary>
    public double HorizontalFlip { get; init; } = 0.5;

    /// <summary>Chance of a flip top to bottom.</summary>
    public double VerticalFlip { get; init; }

    /// <summary>Pixels are multiplied by a factor uniform in [1 − b, 1 + b]; 0 leaves them.</summary>
    public double Brightness { get; init; }

    /// <summary>Chance of a light blur (3×3 binomial) before the crop is resized.</summary>
    public double Blur { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="UsageException">A setting is out of range.</exception>
    public void Validate()
    {
        Require(CropScale.Min > 0 && CropScale.Min <= CropScale.Max && CropScale.Max <= 1, "the crop scale must be two shares in (0, 1], the smaller first", CropScale);
        Require(CropRatio.Min > 0 && CropRatio.Min <= CropRatio.Max, "the crop ratio must be two positive numbers, the smaller first", CropRatio);
        Require(HorizontalFlip is >= 0 and <= 1, "the chance of a horizontal flip must be in [0, 1]", HorizontalFlip);
        Require(VerticalFlip is >= 0 and <= 1, "the chance of a vertical flip must be in [0, 1]", VerticalFlip);
        Require(Brightness is >= 0 and <= 1, "brightness jitter must be in [0, 1]", Brightness);
        Require(Blur is >= 0 and <= 1, "the chance of a blur must be in [0, 1]", Blur);
    }

    private static void Require(bool condition, string rule, object value)
    {
        if (!condition)
        {
            throw new UsageException(FormattableString.Invariant($"Augmentation: {rule}, not {value}."));
        }
    }
}
