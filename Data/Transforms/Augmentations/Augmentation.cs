using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>What an <see cref="AugmentationKind"/> does at a magnitude from 0 to 10 (timm's <c>auto_augment.py</c>: levels and signs).</summary>
internal static class Augmentation
{
    /// <summary>The magnitude that stands for the full strength.</summary>
    public const double FullMagnitude = 10;

    private const double MaximumRotation = 30;
    private const double MaximumShear = 0.3;
    private const double MaximumShift = 0.45;
    private const int SolarizeAddThreshold = 128;

    /// <summary>
    /// The operation's argument at <paramref name="magnitude"/>: degrees, a factor, bits, a threshold ... 0 where it has none. A sign, where there is
    /// one, is drawn from <paramref name="random"/>.
    /// </summary>
    public static double Argument(AugmentationKind kind, double magnitude, RandomStream random)
    {
        var share = magnitude / FullMagnitude;
        return kind switch
        {
            AugmentationKind.Rotate => Sign(random) * share * MaximumRotation,
            AugmentationKind.ShearX or AugmentationKind.ShearY => Sign(random) * share * MaximumShear,
            AugmentationKind.TranslateX or AugmentationKind.TranslateY => Sign(random) * share * MaximumShift,
            AugmentationKind.Posterize => (int)(share * 4),
            AugmentationKind.PosterizeIncreasing => 4 - (int)(share * 4),
            AugmentationKind.Solarize => Math.Min(256, (int)(share * 256)),
            AugmentationKind.SolarizeIncreasing => 256 - Math.Min(256, (int)(share * 256)),
            AugmentationKind.SolarizeAdd => Math.Min(128, (int)(share * 110)),
            AugmentationKind.Color or AugmentationKind.Contrast or AugmentationKind.Brightness or AugmentationKind.Sharpness => share * 1.8 + 0.1,
            AugmentationKind.ColorIncreasing or AugmentationKind.ContrastIncreasing
                or AugmentationKind.BrightnessIncreasing or AugmentationKind.SharpnessIncreasing => Math.Max(0.1, 1 + Sign(random) * share * 0.9),
            _ => 0,
        };
    }

    /// <summary>Changes <paramref name="image"/> (8-bit, R, G, B or grey) in place.</summary>
    /// <param name="kind">The operation.</param>
    /// <param name="image">The image.</param>
    /// <param name="argument">What <see cref="Argument"/> gives.</param>
    /// <param name="fill">What comes in from outside the image.</param>
    /// <param name="interpolation">Interpolation of the geometric operations.</param>
    public static void Apply(AugmentationKind kind, Mat image, double argument, Scalar fill, InterpolationFlags interpolation)
    {
        switch (kind)
        {
            case AugmentationKind.AutoContrast:
                ToneCurves.AutoContrast(image);
                break;
            case AugmentationKind.Equalize:
                ToneCurves.Equalize(image);
                break;
            case AugmentationKind.Invert:
                ToneCurves.Apply(image, value => 255 - value);
                break;
            case AugmentationKind.Posterize or AugmentationKind.PosterizeIncreasing:
                var dropped = 8 - (int)argument;
                ToneCurves.Apply(image, value => value >> dropped << dropped);
                break;
            case AugmentationKind.Solarize or AugmentationKind.SolarizeIncreasing:
                ToneCurves.Apply(image, value => value < argument ? value : 255 - value);
                break;
            case AugmentationKind.SolarizeAdd:
                ToneCurves.Apply(image, value => value < SolarizeAddThreshold ? Math.Min(255, value + (int)argument) : value);
                break;
            case AugmentationKind.Color or AugmentationKind.ColorIncreasing:
                Enhancements.Saturation(image, argument);
                break;
            case AugmentationKind.Contrast or AugmentationKind.ContrastIncreasing:
                Enhancements.Contrast(image, argument);
                break;
            case AugmentationKind.Brightness or AugmentationKind.BrightnessIncreasing:
                Enhancements.Brightness(image, argument);
                break;
            case AugmentationKind.Sharpness or AugmentationKind.SharpnessIncreasing:
                Enhancements.Sharpness(image, argument);
                break;
            case AugmentationKind.Rotate:
                Warps.Rotate(image, argument, fill, interpolation);
                break;
            case AugmentationKind.ShearX:
                Warps.Affine(image, 1, argument, 0, 0, 1, 0, fill, interpolation);
                break;
            case AugmentationKind.ShearY:
                Warps.Affine(image, 1, 0, 0, argument, 1, 0, fill, interpolation);
                break;
            case AugmentationKind.TranslateX:
                Warps.Affine(image, 1, 0, argument * image.Cols, 0, 1, 0, fill, interpolation);
                break;
            case AugmentationKind.TranslateY:
                Warps.Affine(image, 1, 0, 0, 0, 1, argument * image.Rows, fill, interpolation);
                break;
            default:
                throw new InvalidOperationException($"Unknown augmentation {kind}.");
        }
    }

    private static double Sign(RandomStream random) => random.NextBool(0.5) ? -1 : 1;
}
