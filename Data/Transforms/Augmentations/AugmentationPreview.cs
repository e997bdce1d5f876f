using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>A picture of what every operation of RandAugment does to an image at several magnitudes, and of whole recipes.</summary>
public static class AugmentationPreview
{
    private const ulong PreviewStream = 0x9E71E;
    private const int Tile = 112;
    private static readonly double[] Magnitudes = [0, 2, 4, 6, 8, 10];

    /// <summary>
    /// Writes a PNG: a row for each operation with <paramref name="image"/> (8-bit, R, G, B or grey) at magnitudes 0 to 10, signs included, and
    /// two rows of what <paramref name="recipe"/> makes of it.
    /// </summary>
    /// <exception cref="OneFractalException">The picture cannot be written.</exception>
    public static void Write(string path, Mat image, TrainingTransformSettings recipe, ulong seed = 0)
    {
        var kinds = Enum.GetValues<AugmentationKind>();
        var fill = image.Mean();
        var rows = kinds.SelectMany(kind => Magnitudes.Select(magnitude =>
        {
            var argument = Augmentation.Argument(kind, magnitude, new RandomStream(seed, PreviewStream, (ulong)kind, (ulong)magnitude));
            var changed = image.Clone();
            Augmentation.Apply(kind, changed, argument, fill, InterpolationFlags.Cubic);
            return (FormattableString.Invariant($"{argument:0.##} {kind}"), changed);
        }));
        var recipes = Enumerable.Range(0, 2 * Magnitudes.Length).Select(i => ($"recipe {i + 1}", Transform(image, recipe, seed + (ulong)i)));
        ContactSheet.Write(path, rows.Concat(recipes), new ContactSheetSettings { Columns = Magnitudes.Length, Rows = kinds.Length + 2, Tile = Tile });
    }

    private static Mat Transform(Mat image, TrainingTransformSettings recipe, ulong seed)
    {
        var preprocessing = new Preprocessing(3, Tile, Tile);
        var transform = new TrainingTransform(preprocessing, recipe);
        var pixels = new float[transform.OutputLength];
        transform.Apply(image, new RandomStream(seed, PreviewStream), pixels);
        var shown = new Mat(Tile, Tile, MatType.CV_8UC3);
        var bytes = shown.AsSpan<byte>();
        for (var i = 0; i < bytes.Length; i++)
        {
            // Back from (x − 0.5) / 0.5 and from planes.
            bytes[i] = (byte)Math.Clamp(Math.Round((pixels[i % 3 * Tile * Tile + i / 3] + 1) * 127.5), 0, 255);
        }

        return shown;
    }
}
