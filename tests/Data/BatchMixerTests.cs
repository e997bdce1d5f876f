using OneFractal.Common;
using OneFractal.Data.Loading;
using OneFractal.Data.Transforms;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class BatchMixerTests
{
    private const int Size = 20;

    [TestMethod]
    public void Mixup_blends_each_image_with_the_one_from_the_end()
    {
        var pixels = Batch();
        var lambda = new BatchMixer(new MixSettings { CutMixAlpha = 0 }).Apply(pixels, 4, Size, Size, new RandomStream(4));
        Assert.IsTrue(lambda is > 0 and < 1);
        for (var i = 0; i < 4; i++)
        {
            Assert.AreEqual(i * lambda + (3 - i) * (1 - lambda), pixels[i * Size * Size + 17], 1e-5);
        }
    }

    [TestMethod]
    public void Cutmix_pastes_a_rectangle_whose_share_is_one_minus_lambda()
    {
        for (var seed = 0UL; seed < 50; seed++)
        {
            var pixels = Batch();
            var lambda = new BatchMixer(new MixSettings { MixupAlpha = 0 }).Apply(pixels, 4, Size, Size, new RandomStream(seed));
            for (var i = 0; i < 4; i++)
            {
                var image = pixels[(i * Size * Size)..((i + 1) * Size * Size)];
                Assert.IsTrue(image.All(value => value == i || value == 3 - i));
                Assert.AreEqual(lambda, image.Count(value => value == i) / (double)(Size * Size), 1e-6);
            }
        }
    }

    [TestMethod]
    public void Chances_of_mixing_and_switching_are_kept()
    {
        var mixer = new BatchMixer(new MixSettings { Probability = 0.6, SwitchProbability = 0.5 });
        var (none, cut) = (0, 0);
        for (var seed = 0UL; seed < 2000; seed++)
        {
            var pixels = Batch();
            var lambda = mixer.Apply(pixels, 4, Size, Size, new RandomStream(seed));
            var whole = pixels.All(value => value == MathF.Round(value));
            none += lambda == 1 && pixels.SequenceEqual(Batch()) ? 1 : 0;
            cut += whole && lambda != 1 ? 1 : 0;
        }

        // A CutMix rectangle may be empty, which looks like no mixing: about one in ten with Beta(1, 1) and 20 pixels.
        Assert.AreEqual(0.4, none / 2000.0, 0.06);
        Assert.AreEqual(0.3, cut / 2000.0, 0.05);
    }

    [TestMethod]
    [DataRow(0.8)]
    [DataRow(1.0)]
    [DataRow(0.05)]
    [DataRow(4.0)]
    public void Beta_draws_have_its_moments(double alpha)
    {
        var random = new RandomStream(7);
        var draws = Enumerable.Range(0, 40_000).Select(_ => BetaDistribution.Sample(alpha, random)).ToArray();
        Assert.IsTrue(draws.All(value => value is >= 0 and <= 1));
        Assert.AreEqual(0.5, draws.Average(), 0.012);
        Assert.AreEqual(1 / (4 * (2 * alpha + 1)), draws.Average(value => (value - 0.5) * (value - 0.5)), 0.003);
    }

    [TestMethod]
    public void Soft_targets_are_smoothed_mixtures_that_sum_to_one()
    {
        var batch = new ImageBatch(2, 1);
        batch.Start(0, 2);
        batch.Labels.Span[0] = 1;
        batch.Labels.Span[1] = 3;
        batch.Lambda = 0.7f;
        var targets = new float[8];
        batch.WriteTargets(targets, classes: 4, smoothing: 0.1f);
        float[] expected = [0.025f, 0.655f, 0.025f, 0.295f, 0.025f, 0.295f, 0.025f, 0.655f];
        for (var i = 0; i < 8; i++)
        {
            Assert.AreEqual(expected[i], targets[i], 1e-6);
        }
    }

    private static float[] Batch() => [.. Enumerable.Range(0, 4 * Size * Size).Select(i => (float)(i / (Size * Size)))];
}
