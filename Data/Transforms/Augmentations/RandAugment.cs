using System.Collections.Immutable;
using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>Applies a few random operations of random strength to an image, with timm's lists, levels and chances.</summary>
internal sealed class RandAugment
{
    /// <summary>timm's <c>_RAND_INCREASING_TRANSFORMS</c>.</summary>
    internal static readonly ImmutableArray<AugmentationKind> IncreasingOperations =
    [
        AugmentationKind.AutoContrast, AugmentationKind.Equalize, AugmentationKind.Invert, AugmentationKind.Rotate,
        AugmentationKind.PosterizeIncreasing, AugmentationKind.SolarizeIncreasing, AugmentationKind.SolarizeAdd,
        AugmentationKind.ColorIncreasing, AugmentationKind.ContrastIncreasing, AugmentationKind.BrightnessIncreasing,
        AugmentationKind.SharpnessIncreasing, AugmentationKind.ShearX, AugmentationKind.ShearY,
        AugmentationKind.TranslateX, AugmentationKind.TranslateY,
    ];

    /// <summary>timm's <c>_RAND_TRANSFORMS</c>.</summary>
    internal static readonly ImmutableArray<AugmentationKind> PlainOperations =
    [
        AugmentationKind.AutoContrast, AugmentationKind.Equalize, AugmentationKind.Invert, AugmentationKind.Rotate,
        AugmentationKind.Posterize, AugmentationKind.Solarize, AugmentationKind.SolarizeAdd,
        AugmentationKind.Color, AugmentationKind.Contrast, AugmentationKind.Brightness,
        AugmentationKind.Sharpness, AugmentationKind.ShearX, AugmentationKind.ShearY,
        AugmentationKind.TranslateX, AugmentationKind.TranslateY,
    ];

    private readonly RandAugmentSettings _settings;
    private readonly ImmutableArray<AugmentationKind> _operations;
    private readonly Scalar _fill;

    /// <param name="settings">Which operations, how many and how strong.</param>
    /// <param name="fill">What comes in from outside the image: timm takes the data set's mean colour.</param>
    public RandAugment(RandAugmentSettings settings, Scalar fill)
    {
        settings.Validate();
        _settings = settings;
        _operations = settings.Increasing ? IncreasingOperations : PlainOperations;
        _fill = fill;
    }

    /// <summary>Changes <paramref name="image"/> in place.</summary>
    public void Apply(Mat image, RandomStream random)
    {
        for (var layer = 0; layer < _settings.Layers; layer++)
        {
            var kind = _operations[random.NextInt(_operations.Length)];
            if (!random.NextBool(_settings.Probability))
            {
                continue;
            }

            var argument = Augmentation.Argument(kind, DrawMagnitude(random), random);
            var interpolation = random.NextBool(0.5) ? InterpolationFlags.Linear : InterpolationFlags.Cubic;
            Augmentation.Apply(kind, image, argument, _fill, interpolation);
        }
    }

    internal double DrawMagnitude(RandomStream random)
    {
        var magnitude = _settings.MagnitudeStd switch
        {
            0 => _settings.Magnitude,
            double.PositiveInfinity => random.Uniform(0, _settings.Magnitude),
            var deviation => _settings.Magnitude + deviation * random.NextGaussian(),
        };
        return Math.Clamp(magnitude, 0, _settings.MagnitudeMax);
    }
}
