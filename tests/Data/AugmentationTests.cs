using OneFractal.Common;
using OneFractal.Data.Transforms.Augmentations;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

/// <summary>Each operation does what its name says: expected pixels are worked out by hand from PIL's definitions.</summary>
[TestClass]
public sealed class AugmentationTests
{
    [TestMethod]
    public void Auto_contrast_stretches_each_channel_to_the_full_range()
    {
        using var image = Rgb((50, 10, 7), (100, 30, 7), (150, 20, 7));
        Apply(AugmentationKind.AutoContrast, image, 0);
        CollectionAssert.AreEqual(new byte[] { 0, 0, 7, 127, 255, 7, 255, 127, 7 }, Bytes(image));
    }

    [TestMethod]
    public void Equalize_evens_out_the_histogram()
    {
        // Values squeezed into 100..163, 1,024 of each: they spread over the whole range in the same order.
        using var image = new Mat(256, 256, MatType.CV_8UC1);
        var pixels = image.AsSpan<byte>();
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(100 + i / 1024);
        }

        Apply(AugmentationKind.Equalize, image, 0);
        var result = Bytes(image);
        Assert.AreEqual(0, result[0]);
        Assert.AreEqual(255, result[^1], 3);
        for (var i = 1024; i < result.Length; i += 1024)
        {
            Assert.AreEqual(4, result[i] - result[i - 1024], 1);
        }
    }

    [TestMethod]
    public void Invert_and_the_threshold_operations_map_values()
    {
        AssertMaps(AugmentationKind.Invert, 0, [0, 255, 100, 155, 255, 0]);
        AssertMaps(AugmentationKind.SolarizeIncreasing, 128, [0, 0, 127, 127, 128, 127, 255, 0]);
        AssertMaps(AugmentationKind.SolarizeAdd, 50, [0, 50, 127, 177, 128, 128, 255, 255]);
        AssertMaps(AugmentationKind.PosterizeIncreasing, 2, [0, 0, 63, 0, 64, 64, 130, 128, 255, 192]);
        AssertMaps(AugmentationKind.PosterizeIncreasing, 0, [0, 0, 255, 0]);
    }

    [TestMethod]
    public void Factors_scale_brightness_contrast_and_saturation()
    {
        AssertMaps(AugmentationKind.Brightness, 0.5, [0, 0, 100, 50, 200, 100]);
        AssertMaps(AugmentationKind.BrightnessIncreasing, 1.9, [0, 0, 100, 190, 200, 255]);
        // The mean of 50 and 150 is 100.
        AssertMaps(AugmentationKind.Contrast, 0.5, [50, 75, 150, 125]);
        AssertMaps(AugmentationKind.ContrastIncreasing, 1.5, [50, 25, 150, 175]);
        using var image = Rgb((200, 100, 50), (90, 90, 90));
        Apply(AugmentationKind.Color, image, 0);
        // ITU-R 601: 0.299·200 + 0.587·100 + 0.114·50 = 124.2.
        CollectionAssert.AreEqual(new byte[] { 124, 124, 124, 90, 90, 90 }, Bytes(image));
        using var twice = Rgb((200, 100, 50), (90, 90, 90));
        Apply(AugmentationKind.Color, twice, 1.5);
        CollectionAssert.AreEqual(new byte[] { 238, 88, 13, 90, 90, 90 }, Bytes(twice));
    }

    [TestMethod]
    public void Sharpness_moves_away_from_the_blurred_image_and_keeps_the_border()
    {
        using var soft = Dot();
        Apply(AugmentationKind.Sharpness, soft, 0);
        // PIL's SMOOTH: the centre weighs 5/13 and its eight neighbours 1/13.
        Assert.AreEqual(130 * 5 / 13, At(soft, 2, 2));
        Assert.AreEqual(10, At(soft, 1, 2));
        using var sharp = Dot();
        Apply(AugmentationKind.SharpnessIncreasing, sharp, 1.5);
        Assert.AreEqual(130 + (130 - 50) / 2, At(sharp, 2, 2));
        using var corner = new Mat(5, 5, MatType.CV_8UC1, Scalar.Black);
        Set(corner, 0, 0, 200);
        Apply(AugmentationKind.Sharpness, corner, 0.1);
        Assert.AreEqual(200, At(corner, 0, 0));
    }

    [TestMethod]
    public void Shifts_move_the_image_and_fill_what_comes_in()
    {
        using var image = Dot();
        Apply(AugmentationKind.TranslateX, image, 0.2);
        // Pixel x shows what was at x + 0.2 · 5.
        Assert.AreEqual(130, At(image, 2, 1));
        Assert.AreEqual(77, At(image, 2, 4));
        using var up = Dot();
        Apply(AugmentationKind.TranslateY, up, -0.4);
        Assert.AreEqual(130, At(up, 4, 2));
        Assert.AreEqual(77, At(up, 0, 2));
    }

    [TestMethod]
    public void Shears_move_rows_or_columns_in_proportion()
    {
        using var image = new Mat(40, 40, MatType.CV_8UC1, Scalar.Black);
        image[new Rect(20, 0, 1, 40)].SetTo(Scalar.White);
        Apply(AugmentationKind.ShearX, image, 0.25);
        // Pixel (x, y) shows (x + 0.25·(y + 0.5), y): the line leans left on the way down.
        Assert.AreEqual(20, Brightest(image, row: 0));
        Assert.AreEqual(15, Brightest(image, row: 20));
        Assert.AreEqual(11, Brightest(image, row: 36));

        using var other = new Mat(40, 40, MatType.CV_8UC1, Scalar.Black);
        other[new Rect(0, 20, 40, 1)].SetTo(Scalar.White);
        Apply(AugmentationKind.ShearY, other, 0.25);
        using var turned = other.T().ToMat();
        Assert.AreEqual(15, Brightest(turned, row: 20));
    }

    [TestMethod]
    public void Rotation_turns_anticlockwise_about_the_centre()
    {
        using var image = new Mat(41, 41, MatType.CV_8UC1, Scalar.Black);
        image[new Rect(35, 19, 3, 3)].SetTo(Scalar.White);
        Apply(AugmentationKind.Rotate, image, 90);
        Assert.AreEqual(255, At(image, 4, 20));
        Assert.AreEqual(0, At(image, 20, 36));
        using var thirty = new Mat(41, 41, MatType.CV_8UC1, Scalar.Black);
        thirty[new Rect(35, 19, 3, 3)].SetTo(Scalar.White);
        Apply(AugmentationKind.Rotate, thirty, 30);
        Assert.AreEqual(255, At(thirty, 20 - 8, 20 + 14));
    }

    [TestMethod]
    public void Increasing_operations_grow_with_the_magnitude()
    {
        double Strength(AugmentationKind kind, double magnitude)
        {
            var argument = Augmentation.Argument(kind, magnitude, new RandomStream(3));
            return kind switch
            {
                AugmentationKind.PosterizeIncreasing => 4 - argument,
                AugmentationKind.SolarizeIncreasing => 256 - argument,
                AugmentationKind.SolarizeAdd => argument,
                AugmentationKind.ColorIncreasing or AugmentationKind.ContrastIncreasing or AugmentationKind.BrightnessIncreasing
                    or AugmentationKind.SharpnessIncreasing => Math.Abs(argument - 1),
                _ => Math.Abs(argument),
            };
        }

        foreach (var kind in RandAugment.IncreasingOperations.Except([AugmentationKind.AutoContrast, AugmentationKind.Equalize, AugmentationKind.Invert]))
        {
            Assert.AreEqual(0, Strength(kind, 0), 1e-12, $"{kind}");
            for (var magnitude = 1; magnitude <= 10; magnitude++)
            {
                Assert.IsGreaterThanOrEqualTo(Strength(kind, magnitude - 1), Strength(kind, magnitude), $"{kind} at {magnitude}");
            }

            Assert.IsGreaterThan(Strength(kind, 3), Strength(kind, 9), $"{kind}");
        }
    }

    [TestMethod]
    [DataRow(AugmentationKind.Rotate, 9, 27.0)]
    [DataRow(AugmentationKind.ShearX, 9, 0.27)]
    [DataRow(AugmentationKind.TranslateY, 9, 0.405)]
    [DataRow(AugmentationKind.PosterizeIncreasing, 9, 1.0)]
    [DataRow(AugmentationKind.Posterize, 9, 3.0)]
    [DataRow(AugmentationKind.SolarizeIncreasing, 9, 26.0)]
    [DataRow(AugmentationKind.Solarize, 9, 230.0)]
    [DataRow(AugmentationKind.SolarizeAdd, 9, 99.0)]
    [DataRow(AugmentationKind.Contrast, 9, 1.72)]
    public void Levels_are_timms(AugmentationKind kind, double magnitude, double expected)
    {
        var seen = Enumerable.Range(0, 40).Select(seed => Augmentation.Argument(kind, magnitude, new RandomStream((ulong)seed))).Distinct().ToArray();
        Assert.IsTrue(seen.All(value => Math.Abs(Math.Abs(value) - expected) < 1e-9));
        Assert.HasCount(kind is AugmentationKind.Rotate or AugmentationKind.ShearX or AugmentationKind.TranslateY ? 2 : 1, seen);
    }

    [TestMethod]
    public void Increasing_enhancements_go_both_ways_and_never_below_a_tenth()
    {
        var seen = Enumerable.Range(0, 40).Select(seed => Augmentation.Argument(AugmentationKind.ColorIncreasing, 10, new RandomStream((ulong)seed))).Distinct().Order().ToArray();
        Assert.AreEqual(0.1, seen[0], 1e-9);
        Assert.AreEqual(1.9, seen[1], 1e-9);
    }

    private static void AssertMaps(AugmentationKind kind, double argument, byte[] pairs)
    {
        var values = pairs.Where((_, i) => i % 2 == 0).ToArray();
        using var image = new Mat(1, values.Length, MatType.CV_8UC1);
        values.CopyTo(image.AsSpan<byte>());
        Apply(kind, image, argument);
        CollectionAssert.AreEqual(pairs.Where((_, i) => i % 2 == 1).ToArray(), Bytes(image), $"{kind} {argument}");
    }

    private static void Apply(AugmentationKind kind, Mat image, double argument) =>
        Augmentation.Apply(kind, image, argument, Scalar.All(77), InterpolationFlags.Linear);

    private static Mat Rgb(params (byte R, byte G, byte B)[] pixels)
    {
        var image = new Mat(1, pixels.Length, MatType.CV_8UC3);
        pixels.SelectMany(p => new[] { p.R, p.G, p.B }).ToArray().CopyTo(image.AsSpan<byte>());
        return image;
    }

    private static Mat Dot()
    {
        var image = new Mat(5, 5, MatType.CV_8UC1, Scalar.Black);
        Set(image, 2, 2, 130);
        return image;
    }

    private static int Brightest(Mat image, int row)
    {
        var values = image.AsSpan<byte>().Slice(row * image.Cols, image.Cols);
        var best = 0;
        for (var i = 0; i < values.Length; i++)
        {
            best = values[i] > values[best] ? i : best;
        }

        return best;
    }

    private static void Set(Mat image, int row, int column, byte value) => image.AsSpan<byte>()[row * image.Cols + column] = value;

    private static int At(Mat image, int row, int column) => image.AsSpan<byte>()[row * image.Cols + column];

    private static byte[] Bytes(Mat image) => image.AsSpan<byte>().ToArray();
}
