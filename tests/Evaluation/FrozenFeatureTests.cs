using CsCheck;
using OneFractal.Evaluation;

namespace OneFractal.Tests.Evaluation;

/// <summary>What is done with frozen features, against the definitions computed by hand.</summary>
[TestClass]
public sealed class FrozenFeatureTests
{
    [TestMethod]
    public void LogisticLoss_HasTheGradientOfItsDifferences()
    {
        var (features, labels) = Blobs(count: 30, width: 4, classes: 3, seed: 1);
        using var loss = new LogisticLoss(features, labels, 3, 0.05);
        double[] at = [.. TestModels.Noise(loss.Length, 2).Select(v => (double)v)];
        var (value, gradient) = loss.Evaluate(at);
        Assert.AreEqual(PlainLoss(features, labels, 3, 0.05, at), value, 1e-12);
        for (var i = 0; i < at.Length; i++)
        {
            const double Step = 1e-5;
            double[] up = [.. at], down = [.. at];
            up[i] += Step;
            down[i] -= Step;
            Assert.AreEqual((loss.Evaluate(up).Value - loss.Evaluate(down).Value) / (2 * Step), gradient[i], 1e-9, $"parameter {i}");
        }
    }

    [TestMethod]
    public void LogisticRegression_FindsTheMinimumThatPlainDescentFinds()
    {
        const double L2 = 0.03;
        var (features, labels) = Blobs(count: 40, width: 3, classes: 3, seed: 3);
        var fitted = LogisticRegression.Fit(features, labels, 3, L2);
        using var loss = new LogisticLoss(features, labels, 3, L2);
        var descended = new double[loss.Length];
        for (var step = 0; step < 30_000; step++)
        {
            var gradient = loss.Evaluate(descended).Gradient;
            for (var i = 0; i < descended.Length; i++)
            {
                descended[i] -= 0.3 * gradient[i];
            }
        }

        Assert.IsLessThan(1e-9, loss.Evaluate(descended).Gradient.Max(Math.Abs), "The descent itself has ended.");
        Assert.AreEqual(loss.Evaluate(descended).Value, loss.Evaluate(fitted.Parameters).Value, 1e-10);
        for (var i = 0; i < descended.Length; i++)
        {
            Assert.AreEqual(descended[i], fitted.Parameters[i], 1e-4, $"parameter {i}");
        }
    }

    [TestMethod]
    public void LogisticRegression_EndsWhereTheGradientIsZero()
    {
        var cases = from count in Gen.Int[5, 40] from width in Gen.Int[1, 30] from classes in Gen.Int[2, 5] from l2 in Gen.Double[-4, 1] from seed in Gen.ULong
            select (count, width, classes, L2: Math.Pow(10, l2), seed);
        cases.Sample(
            c =>
            {
                var (features, labels) = Blobs(c.count, c.width, c.classes, c.seed);
                var fitted = LogisticRegression.Fit(features, labels, c.classes, c.L2);
                using var loss = new LogisticLoss(features, labels, c.classes, c.L2);
                Assert.IsLessThan(1e-5, loss.Evaluate(fitted.Parameters).Gradient.Max(Math.Abs), $"{c}");
            },
            iter: 60);
    }

    [TestMethod]
    public void Probe_KeepsTheStrengthThatIsBestOnValidation()
    {
        // Few images and many features: weak penalties overfit, absurd ones learn nothing.
        var (features, labels) = Blobs(count: 90, width: 40, classes: 3, seed: 5, noise: 3);
        var (training, validation) = (Part(features, labels, 0, 45), Part(features, labels, 45, 45));
        double[] strengths = [1e-4, 1e-2, 1, 1e4];
        var probe = LinearProbe.Fit(training, validation, 3, strengths, refit: false, CancellationToken.None);
        var scaling = FeatureScaling.Of(training.Features);
        double[] accuracies = [.. strengths.Select(l2 => Accuracy(
            LogisticRegression.Fit(scaling.Apply(training.Features), training.Labels, 3, l2).Predict(scaling.Apply(validation.Features)), validation.Labels))];
        Assert.AreEqual(accuracies.Max(), probe.ValidationAccuracy, 1e-12);
        Assert.AreEqual(accuracies.Max(), accuracies[Array.IndexOf(strengths, probe.L2)], 1e-12);
        Assert.IsLessThan(accuracies.Max(), accuracies.Min(), "It matters which is chosen.");
        Assert.AreEqual(probe.ValidationAccuracy, Accuracy(probe.Predict(validation.Features), validation.Labels), 1e-12);

        var refit = LinearProbe.Fit(training, validation, 3, strengths, refit: true, CancellationToken.None);
        Assert.AreEqual(probe.L2, refit.L2);
        Assert.AreEqual(probe.ValidationAccuracy, refit.ValidationAccuracy, "It was chosen before the validation images were learnt.");
        Assert.IsGreaterThan(probe.ValidationAccuracy, Accuracy(refit.Predict(validation.Features), validation.Labels), "They are learnt.");
    }

    [TestMethod]
    public void Scaling_MakesMeansZeroAndDeviationsOne_AndLeavesConstantsAlone()
    {
        var features = new FeatureMatrix([1e6f, 5, 3, 1e6f, 7, 3, 1e6f, 9, 3.5f], 3);
        var scaled = FeatureScaling.Of(features).Apply(features).Values;
        var deviation = Math.Sqrt(8.0 / 3);
        float[] expected = [0, (float)(-2 / deviation), (float)-Math.Sqrt(0.5), 0, 0, (float)-Math.Sqrt(0.5), 0, (float)(2 / deviation), (float)Math.Sqrt(2)];
        Assert.IsLessThan(1e-6f, scaled.Zip(expected).Max(p => Math.Abs(p.First - p.Second)));
    }

    [TestMethod]
    public void NearestNeighbours_AreThoseOfBruteForce()
    {
        var cases = from bank in Gen.Int[1, 60] from queries in Gen.Int[1, 600] from width in Gen.Int[2, 20] from classes in Gen.Int[2, 6] from seed in Gen.ULong
            select (bank, queries, width, classes, seed);
        cases.Sample(
            c =>
            {
                var (bank, labels) = Blobs(c.bank, c.width, c.classes, c.seed);
                var (queries, _) = Blobs(c.queries, c.width, c.classes, c.seed ^ 1);
                var votes = NearestNeighbours.Classify(bank, labels, c.classes, queries);
                for (var q = 0; q < c.queries; q += 7)
                {
                    var expected = new double[c.classes];
                    var nearest = Enumerable.Range(0, c.bank).Select(b => (Label: labels[b], Similarity: Cosine(queries, q, bank, b)))
                        .OrderByDescending(n => n.Similarity).Take(20).ToArray();
                    foreach (var (label, similarity) in nearest)
                    {
                        expected[label] += Math.Exp(similarity / 0.07) / nearest.Sum(n => Math.Exp(n.Similarity / 0.07));
                    }

                    for (var k = 0; k < c.classes; k++)
                    {
                        Assert.AreEqual(expected[k], votes.Row(q)[k], 1e-4, $"{c}, query {q}, class {k}");
                    }
                }
            },
            iter: 25);
    }

    private static double PlainLoss(FeatureMatrix features, int[] labels, int classes, double l2, double[] parameters)
    {
        var stride = features.Width + 1;
        double Logit(int i, int c) => parameters[c * stride + features.Width]
            + Enumerable.Range(0, features.Width).Sum(j => parameters[c * stride + j] * features.Values[i * features.Width + j]);
        var entropy = Enumerable.Range(0, labels.Length).Average(i => Math.Log(Enumerable.Range(0, classes).Sum(c => Math.Exp(Logit(i, c)))) - Logit(i, labels[i]));
        return entropy + l2 / 2 * parameters.Where((_, i) => i % stride < features.Width).Sum(w => w * w);
    }

    private static double Cosine(FeatureMatrix a, int i, FeatureMatrix b, int j)
    {
        var x = a.Values.Skip(i * a.Width).Take(a.Width).Select(v => (double)v).ToArray();
        var y = b.Values.Skip(j * b.Width).Take(b.Width).Select(v => (double)v).ToArray();
        return x.Zip(y, (u, v) => u * v).Sum() / Math.Sqrt(x.Sum(u => u * u) * y.Sum(v => v * v));
    }

    private static LabelledFeatures Part(FeatureMatrix features, int[] labels, int first, int count)
    {
        return new LabelledFeatures(new FeatureMatrix(features.Values[(first * features.Width)..((first + count) * features.Width)], features.Width), labels[first..(first + count)]);
    }

    private static double Accuracy(ImagePredictions predictions, int[] labels) => TestScores.Of(predictions, labels).Top1;

    /// <summary>A Gaussian cloud for each class, all of them overlapping.</summary>
    private static (FeatureMatrix Features, int[] Labels) Blobs(int count, int width, int classes, ulong seed, double noise = 1)
    {
        var random = new RandomStream(seed, 17);
        double[] centres = [.. Enumerable.Range(0, classes * width).Select(_ => random.NextGaussian())];
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % classes)];
        return (new FeatureMatrix([.. labels.SelectMany(l => Enumerable.Range(0, width).Select(j => (float)(centres[l * width + j] + noise * random.NextGaussian())))], width), labels);
    }
}
