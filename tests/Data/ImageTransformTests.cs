using CsCheck;
using OneFractal.Common;
using OneFractal.Data.Transforms;
using OpenCvSharp;
using Size = OpenCvSharp.Size;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class ImageTransformTests
{
    private static readonly TrainingTransformSettings Untouched = new() { CropScale = (1, 1), CropRatio = (1, 1), HorizontalFlip = 0 };

    [TestMethod]
    public void Pixels_are_normalised_channel_by_channel()
    {
        var preprocessing = new Preprocessing(3, 5, 7) { Mean = [0.1f, 0.2f, 0.3f], Std = [0.5f, 0.25f, 0.125f] };
        using var image = TestImages.Noise(7, 5, 3);
        var pixels = Apply(new EvaluationTransform(preprocessing), image);
        var source = image.AsSpan<byte>();
        for (var channel = 0; channel < 3; channel++)
        {
            for (var i = 0; i < 35; i++)
            {
                var expected = (source[3 * i + channel] / 255.0 - preprocessing.Mean[channel]) / preprocessing.Std[channel];
                Assert.AreEqual(expected, pixels[channel * 35 + i], 1e-5);
            }
        }
    }

    [TestMethod]
    public void The_order_of_channels_does_not_matter()
    {
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Bool).Sample((width, height, toWidth, toHeight, grey) =>
        {
            using var rgb = TestImages.Noise(width, height, 3, (ulong)(width * height));
            using var bgr = rgb.CvtColor(ColorConversionCodes.RGB2BGR);
            var channels = grey ? 1 : 3;
            var transform = new EvaluationTransform(new Preprocessing(channels, toHeight, toWidth)
            {
                Mean = [.. new[] { 0.1f, 0.2f, 0.3f }.Take(channels)],
                Std = [.. new[] { 0.5f, 0.25f, 0.125f }.Take(channels)],
                Interpolation = Interpolation.Bicubic,
            });
            var pixels = new float[transform.OutputLength];
            transform.Apply(bgr, ChannelOrder.Bgr, pixels);
            CollectionAssert.AreEqual(Apply(transform, rgb), pixels);
        });
    }

    [TestMethod]
    public void Grey_fills_three_channels_and_colour_becomes_grey()
    {
        using var grey = TestImages.Noise(8, 8, 1);
        var three = Apply(new EvaluationTransform(new Preprocessing(3, 8, 8)), grey);
        CollectionAssert.AreEqual(three[..64], three[64..128]);
        CollectionAssert.AreEqual(three[..64], three[128..]);
        Assert.AreEqual(grey.AsSpan<byte>()[63] / 127.5 - 1, three[63], 1e-5);

        using var colour = new Mat(8, 8, MatType.CV_8UC3, new Scalar(200, 100, 50));
        var one = Apply(new EvaluationTransform(new Preprocessing(1, 8, 8)), colour);
        Assert.AreEqual((0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 127.5 - 1, one[0], 0.01);
    }

    [TestMethod]
    public void Evaluation_takes_the_centre_of_the_resized_image()
    {
        // 200×100, the middle 100×100 white: a centre crop at full height sees only white.
        using var image = new Mat(100, 200, MatType.CV_8UC1, Scalar.Black);
        image[new Rect(50, 0, 100, 100)].SetTo(Scalar.White);
        var pixels = Apply(new EvaluationTransform(new Preprocessing(1, 50, 50)), image);
        Assert.IsTrue(pixels.All(value => value == 1));
        // The whole width is seen by a model twice as wide as high.
        pixels = Apply(new EvaluationTransform(new Preprocessing(1, 50, 100)), image);
        Assert.AreEqual(0, pixels.Average(), 1e-6);
        // Half of each side: the middle quarter of a gradient.
        using var gradient = TestImages.Gradient(256, 256);
        pixels = Apply(new EvaluationTransform(new Preprocessing(3, 64, 64) { CropFraction = 0.5 }), gradient);
        Assert.AreEqual(64 / 127.5 - 1, pixels[..64].Min(), 0.02);
        Assert.AreEqual(192 / 127.5 - 1, pixels[..64].Max(), 0.02);
    }

    [TestMethod]
    public void Shrinking_averages_instead_of_skipping()
    {
        using var stripes = new Mat(64, 64, MatType.CV_8UC1, Scalar.Black);
        var bytes = stripes.AsSpan<byte>();
        for (var i = 0; i < bytes.Length; i += 2)
        {
            bytes[i] = 255;
        }

        var pixels = Apply(new EvaluationTransform(new Preprocessing(1, 8, 8)), stripes);
        Assert.IsTrue(pixels.All(value => Math.Abs(value) < 0.01));
    }

    [TestMethod]
    public void Every_size_gives_an_output_of_the_wanted_size()
    {
        Gen.Select(Gen.Int[1, 90], Gen.Int[1, 90], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Double[0.3, 1]).Sample((width, height, toWidth, toHeight, fraction) =>
        {
            using var image = TestImages.Noise(width, height, 3);
            var preprocessing = new Preprocessing(3, toHeight, toWidth) { CropFraction = fraction };
            Apply(new EvaluationTransform(preprocessing), image);
            Apply(new TrainingTransform(preprocessing, new TrainingTransformSettings { Blur = 0.5, Brightness = 0.4 }), image);
        });
    }

    [TestMethod]
    public void The_stream_decides_the_training_image()
    {
        using var image = TestImages.Gradient(60, 50);
        var transform = new TrainingTransform(new Preprocessing(3, 32, 32), new TrainingTransformSettings { VerticalFlip = 0.5, Brightness = 0.4, Blur = 0.5 });
        CollectionAssert.AreEqual(Apply(transform, image, 4), Apply(transform, image, 4));
        CollectionAssert.AreNotEqual(Apply(transform, image, 4), Apply(transform, image, 5));
    }

    [TestMethod]
    public void Flips_mirror_the_image()
    {
        using var image = TestImages.Noise(6, 4, 1);
        var preprocessing = new Preprocessing(1, 4, 6);
        var settings = Untouched with { CropRatio = (1.5, 1.5) };
        var plain = Apply(new TrainingTransform(preprocessing, settings), image);
        var horizontal = Apply(new TrainingTransform(preprocessing, settings with { HorizontalFlip = 1 }), image);
        var vertical = Apply(new TrainingTransform(preprocessing, settings with { VerticalFlip = 1 }), image);
        for (var y = 0; y < 4; y++)
        {
            for (var x = 0; x < 6; x++)
            {
                Assert.AreEqual(plain[y * 6 + x], horizontal[y * 6 + 5 - x]);
                Assert.AreEqual(plain[y * 6 + x], vertical[(3 - y) * 6 + x]);
            }
        }
    }

    [TestMethod]
    public void Crops_keep_to_their_scale_and_ratio()
    {
        Gen.ULong.Sample(seed =>
        {
            var window = RandomResizedCrop.Sample(new Size(200, 200), (0.2, 0.6), (0.5, 2), new RandomStream(seed));
            var area = window.Width * window.Height / 40000.0;
            var ratio = window.Width / (double)window.Height;
            return area is > 0.19 and < 0.61 && ratio is > 0.49 and < 2.05
                && window.X >= 0 && window.Y >= 0 && window.Right <= 200 && window.Bottom <= 200;
        });
        // No window of this ratio fits a strip: the largest central one is taken.
        Assert.AreEqual(new Rect(493, 0, 13, 10), RandomResizedCrop.Sample(new Size(1000, 10), (1, 1), (3.0 / 4, 4.0 / 3), new RandomStream(0)));
    }

    [TestMethod]
    public void Brightness_scales_every_pixel_alike()
    {
        using var image = new Mat(8, 8, MatType.CV_8UC1, new Scalar(100));
        var transform = new TrainingTransform(new Preprocessing(1, 8, 8), Untouched with { Brightness = 0.4 });
        var values = Enumerable.Range(0, 200).Select(seed => (Apply(transform, image, (ulong)seed)[0] + 1) * 127.5).ToArray();
        Assert.AreEqual(60, values.Min(), 3);
        Assert.AreEqual(140, values.Max(), 3);
    }

    [TestMethod]
    public void Settings_out_of_range_are_refused()
    {
        var preprocessing = new Preprocessing(1, 8, 8);
        foreach (var bad in new[] { Untouched with { CropScale = (0, 1) }, Untouched with { CropRatio = (2, 1) }, Untouched with { HorizontalFlip = 1.5 }, Untouched with { Brightness = double.NaN } })
        {
            Assert.ThrowsExactly<UsageException>(() => new TrainingTransform(preprocessing, bad));
        }

        Assert.ThrowsExactly<UsageException>(() => new EvaluationTransform(new Preprocessing(2, 8, 8)));
    }

    private static float[] Apply(ImageTransform transform, Mat image, ulong seed = 0)
    {
        var pixels = new float[transform.OutputLength];
        transform.Apply(image, new RandomStream(seed), pixels);
        return pixels;
    }
}
