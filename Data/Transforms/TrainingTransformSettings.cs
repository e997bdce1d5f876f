using OneFractal.Common;
using OneFractal.Data.Transforms.Augmentations;

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

    /// <summary>Resizes with bilinear or bicubic interpolation at random instead (timm's default).</summary>
    public bool RandomInterpolation { get; init; }

    /// <summary>Chance of a flip left to right.</summary>
    public double HorizontalFlip { get; init; } = 0.5;

    /// <summary>Chance of a flip top to bottom.</summary>
    public double VerticalFlip { get; init; }

    /// <summary>Pixels are multiplied by a factor uniform in [1 − b, 1 + b]; 0 leaves them.</summary>
    public double Brightness { get; init; }

    /// <summary>Chance of a light blur (3×3 binomial) before the crop is resized.</summary>
    public double Blur { get; init; }

    /// <summary>RandAugment, after the flips; null for none. <see cref="RandAugmentSettings.Parse"/> reads timm's notation.</summary>
    public RandAugmentSettings? RandAugment { get; init; }

    /// <summary>Strength of brightness, contrast and saturation jitter after that; 0 for none. timm itself drops it where it has RandAugment.</summary>
    public double ColorJitter { get; init; }

    /// <summary>Chance that a rectangle of the finished image becomes noise.</summary>
    public double RandomErasing { get; init; }

    /// <summary>The paper's pre-training recipe; it goes with Mixup, CutMix and label smoothing (<see cref="MixSettings"/>).</summary>
    public static TrainingTransformSettings PaperPretraining => new()
    {
        VerticalFlip = 0.5,
        RandomInterpolation = true,
        RandAugment = RandAugmentSettings.Parse("rand-m9-mstd0.5-inc1"),
        ColorJitter = 0.4,
        RandomErasing = 0.5,
    };

    /// <summary>Checks every value.</summary>
    /// <exception cref="UsageException">A setting is out of range.</exception>
    public void Validate()
    {
        RandAugment?.Validate();
        Require(ColorJitter is >= 0 and <= 1, "colour jitter must be in [0, 1]", ColorJitter);
        Require(RandomErasing is >= 0 and <= 1, "the chance of random erasing must be in [0, 1]", RandomErasing);
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
