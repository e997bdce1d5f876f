using OneFractal.Common;
using OneFractal.Data.Transforms;
using OneFractal.Data.Transforms.Augmentations;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class RandAugmentTests
{
    [TestMethod]
    public void Timms_notation_is_parsed()
    {
        var paper = RandAugmentSettings.Parse("rand-m9-mstd0.5-inc1");
        Assert.AreEqual(new RandAugmentSettings { Magnitude = 9, MagnitudeStd = 0.5, Increasing = true }, paper);
        Assert.AreEqual((2, 0.5), (paper.Layers, paper.Probability));
        Assert.AreEqual(
            new RandAugmentSettings { Magnitude = 7, MagnitudeStd = double.PositiveInfinity, MagnitudeMax = 8, Layers = 3, Probability = 0.25 },
            RandAugmentSettings.Parse("rand-n3-m7-mstd101-mmax8-p0.25-inc0"));
    }

    [TestMethod]
    [DataRow("augmix-m3")]
    [DataRow("rand-m9-mystery3")]
    [DataRow("rand-m")]
    [DataRow("rand-m11")]
    [DataRow("")]
    public void Anything_else_is_refused(string text) => Assert.ThrowsExactly<UsageException>(() => RandAugmentSettings.Parse(text));

    [TestMethod]
    public void Magnitudes_are_normal_around_the_mean_and_cut_at_the_ends()
    {
        var augment = new RandAugment(RandAugmentSettings.Parse("rand-m9-mstd0.5-inc1"), Scalar.Black);
        var random = new RandomStream(1);
        var drawn = Enumerable.Range(0, 20_000).Select(_ => augment.DrawMagnitude(random)).ToArray();
        Assert.AreEqual(10, drawn.Max());
        Assert.AreEqual(9, drawn.Order().ElementAt(10_000), 0.02);
        // Beyond 10, two deviations up, lie 2.3 % of a normal distribution.
        Assert.AreEqual(0.0228, drawn.Count(m => m == 10) / 20_000.0, 0.005);
    }

    [TestMethod]
    public void Half_of_two_operations_leave_a_quarter_of_the_images_alone()
    {
        var augment = new RandAugment(RandAugmentSettings.Parse("rand-m9-mstd0.5-inc1"), Scalar.Black);
        var untouched = 0;
        for (var seed = 0UL; seed < 400; seed++)
        {
            using var image = TestImages.Noise(16, 16, 3, seed);
            var before = image.AsSpan<byte>().ToArray();
            augment.Apply(image, new RandomStream(seed));
            untouched += before.AsSpan().SequenceEqual(image.AsSpan<byte>()) ? 1 : 0;
        }

        // Noise spans the full range, so auto contrast, drawn 1 time in 15, leaves it as well: 0.25 + a little.
        Assert.AreEqual(0.28, untouched / 400.0, 0.08);
    }

    [TestMethod]
    public void Grey_images_pass_through_every_operation()
    {
        foreach (var kind in Enum.GetValues<AugmentationKind>())
        {
            using var image = TestImages.Noise(12, 9, 1);
            Augmentation.Apply(kind, image, Augmentation.Argument(kind, 7, new RandomStream(2)), Scalar.Black, InterpolationFlags.Cubic);
            Assert.AreEqual((MatType.CV_8UC1, 9, 12), (image.Type(), image.Rows, image.Cols));
        }
    }

    [TestMethod]
    public void Colour_jitter_stays_within_its_factors()
    {
        var means = new List<double>();
        for (var seed = 0UL; seed < 200; seed++)
        {
            using var image = new Mat(4, 4, MatType.CV_8UC3, new Scalar(100, 100, 100));
            ColorJitter.Apply(image, 0.4, new RandomStream(seed));
            means.Add(image.Mean().Val0);
        }

        // Of a flat grey image only the brightness can change.
        Assert.AreEqual(60, means.Min(), 3);
        Assert.AreEqual(140, means.Max(), 3);
    }

    [TestMethod]
    public void Random_erasing_makes_noise_of_a_rectangle_of_the_right_size()
    {
        var shares = new List<double>();
        for (var seed = 0UL; seed < 300; seed++)
        {
            var pixels = new float[3 * 32 * 40];
            RandomErasing.Apply(pixels, 3, 32, 40, new RandomStream(seed));
            var erased = Enumerable.Range(0, 32 * 40).Where(i => pixels[i] != 0).ToArray();
            var (rows, columns) = (erased.Select(i => i / 40).Distinct().Count(), erased.Select(i => i % 40).Distinct().Count());
            Assert.HasCount(rows * columns, erased);
            Assert.IsTrue(erased.All(i => pixels[1280 + i] != 0 && pixels[1280 + i] != pixels[i]));
            shares.Add(erased.Length / 1280.0);
        }

        Assert.IsGreaterThan(0.012, shares.Min());
        Assert.IsLessThan(0.36, shares.Max());
        Assert.AreEqual((0.02 + 1 / 3.0) / 2, shares.Average(), 0.03);
    }

    [TestMethod]
    public void The_papers_recipe_runs_and_is_decided_by_the_stream()
    {
        var transform = new TrainingTransform(new Preprocessing(3, 32, 32), TrainingTransformSettings.PaperPretraining);
        using var image = TestImages.Gradient(64, 64);
        for (var seed = 0UL; seed < 20; seed++)
        {
            var (first, second) = (new float[transform.OutputLength], new float[transform.OutputLength]);
            transform.Apply(image, new RandomStream(seed), first);
            transform.Apply(image, new RandomStream(seed), second);
            CollectionAssert.AreEqual(first, second);
            Assert.IsTrue(first.All(float.IsFinite));
        }
    }
}
