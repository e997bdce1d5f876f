using OneFractal.Data.Transforms;
using OneFractal.Data.Transforms.Augmentations;

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

    /// <summary>Resizes with bilinear or bicubic interpolation at random instead (timm's default).</summary>
    public bool RandomInterpolation { get; init; }

    /// <summary>RandAugment in timm's notation, such as <c>rand-m9-mstd0.5-inc1</c>; null for none.</summary>
    public string? RandAugment { get; init; }

    /// <summary>Strength of brightness, contrast and saturation jitter; 0 for none.</summary>
    public double ColorJitter { get; init; }

    /// <summary>Chance that a rectangle of the image becomes noise.</summary>
    public double RandomErasing { get; init; }

    /// <summary>α of Mixup; 0 turns it off.</summary>
    public double Mixup { get; init; }

    /// <summary>α of CutMix; 0 turns it off.</summary>
    public double CutMix { get; init; }

    /// <summary>Chance of CutMix instead of Mixup where both are on.</summary>
    public double MixSwitchProbability { get; init; } = 0.5;

    /// <summary>Mixup and CutMix, or null where both are off.</summary>
    public MixSettings? ToMixSettings()
    {
        return Mixup == 0 && CutMix == 0
            ? null
            : new MixSettings { MixupAlpha = Mixup, CutMixAlpha = CutMix, SwitchProbability = MixSwitchProbability };
    }

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
        RandomInterpolation = RandomInterpolation,
        RandAugment = RandAugment is null ? null : RandAugmentSettings.Parse(RandAugment),
        ColorJitter = ColorJitter,
        RandomErasing = RandomErasing,
    };

    private static (double Min, double Max) Pair(double[] values, string name)
    {
        return values is [var min, var max] ? (min, max) : throw new UsageException($"Recipe: {name} must be two numbers, not {values.Length}.");
    }
}
