using CsCheck;
using OneFractal.Evaluation;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class TransferMetricsTests
{
    private const double Exact = 1e-12;

    /// <summary>Images with one of 2 to 7 classes each, and probabilities with ties among them.</summary>
    private static readonly Gen<(int Classes, int[] Labels, float[] Probabilities)> Cases =
        from classes in Gen.Int[2, 7]
        from count in Gen.Int[1, 60]
        from labels in Gen.Int[0, classes - 1].Array[count]
        from weights in Gen.Int[0, 6].Array[count * classes]
        select (classes, labels, Normalise(weights, classes));

    [TestMethod]
    public void Confusion_OfAHandCountedCase()
    {
        // 4 of class 0 (3 found, 1 taken for 1), 2 of class 1 (1 found, 1 taken for 0), 1 of class 2 (taken for 0), none of class 3.
        var matrix = ConfusionMatrix.Of([0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 0, 0], 4);
        CollectionAssert.AreEqual(new[] { 3, 1, 0, 0 }, matrix.Counts[0]);
        Assert.AreEqual(4.0 / 7, matrix.Accuracy, Exact);
        Assert.AreEqual((3.0 / 4 + 1.0 / 2 + 0) / 3, matrix.BalancedAccuracy, Exact, "The class without images does not count.");
        // F1 of class 0: precision 3/5, recall 3/4; of class 1: 1/2 and 1/2; of class 2: 0.
        Assert.AreEqual((2 * (0.6 * 0.75) / (0.6 + 0.75) + 0.5 + 0) / 3, matrix.MacroF1, Exact);
        Assert.AreEqual(8, (matrix + matrix).Actual(0));
    }

    [TestMethod]
    public void Calibration_OfAHandCountedCase()
    {
        // Bins of a fifth: (0.2, 0.4] holds 0.3 and 0.4, (0.8, 1] holds 0.9 and 1; 0 belongs to the first.
        var bins = Calibration.Bins([0.3f, 0.4f, 0.9f, 1f, 0f], [true, false, true, true, false], 5);
        CollectionAssert.AreEqual(new[] { 1, 2, 0, 0, 2 }, bins.Select(b => b.Count).ToArray());
        Assert.AreEqual(0.35, bins[1].Confidence, 1e-7);
        Assert.AreEqual(0.5, bins[1].Accuracy, Exact);
        Assert.AreEqual((2 * 0.15 + 2 * 0.05 + 0) / 5, Calibration.Error(bins), 1e-7);
    }

    [TestMethod]
    public void Calibration_OfAlwaysRightAndCertain_IsZero_AndOfAlwaysWrong_IsOne()
    {
        Assert.AreEqual(0, Calibration.Error(Calibration.Bins([1f, 1f], [true, true])), Exact);
        Assert.AreEqual(1, Calibration.Error(Calibration.Bins([1f, 1f], [false, false])), Exact);
    }

    [TestMethod]
    public void Scores_AreThoseOfTheDefinitions()
    {
        Cases.Sample(c =>
        {
            var scores = TestScores.Of(new ImagePredictions(c.Probabilities, c.Classes), c.Labels);
            // Independently: sort each row, the first of equal ones first.
            int[][] order = [.. c.Probabilities.Chunk(c.Classes).Select(row => row.Index().OrderByDescending(e => e.Item).ThenBy(e => e.Index).Select(e => e.Index).ToArray())];
            int[] predicted = [.. order.Select(o => o[0])];
            var top1 = c.Labels.Zip(order).Count(p => p.Second[0] == p.First);
            var top5 = c.Labels.Zip(order).Count(p => p.Second.Take(5).Contains(p.First));
            Assert.AreEqual(top1 / (double)c.Labels.Length, scores.Top1, Exact);
            Assert.AreEqual(top5 / (double)c.Labels.Length, scores.Top5, Exact);
            Assert.AreEqual(scores.Top1, scores.Confusion.Accuracy, Exact);

            var recalls = c.Labels.Zip(predicted).GroupBy(p => p.First).Select(g => g.Count(p => p.First == p.Second) / (double)g.Count());
            Assert.AreEqual(recalls.Average(), scores.Confusion.BalancedAccuracy, Exact);
            var f1 = c.Labels.Union(predicted).Select(k =>
            {
                double tp = c.Labels.Zip(predicted).Count(p => p == (k, k));
                var (precision, recall) = (tp / Math.Max(1, predicted.Count(p => p == k)), tp / Math.Max(1, c.Labels.Count(l => l == k)));
                return tp == 0 ? 0 : 2 * precision * recall / (precision + recall);
            });
            Assert.AreEqual(f1.Average(), scores.Confusion.MacroF1, Exact);

            var error = c.Labels.Zip(predicted, c.Probabilities.Chunk(c.Classes)).GroupBy(p => Bin(p.Third[p.Second]))
                .Sum(g => Math.Abs(g.Sum(p => (p.First == p.Second ? 1 : 0) - (double)p.Third[p.Second])));
            Assert.AreEqual(error / c.Labels.Length, scores.CalibrationError, 1e-9);
        });

        // The bin whose upper edge is the first that is not below.
        static int Bin(float confidence) => Enumerable.Range(0, 15).First(b => confidence * 15 <= b + 1);
    }

    [TestMethod]
    public void Interval_IsStudents()
    {
        // Quantiles from a table: t(0.975, 2) = 4.302653, t(0.975, 9) = 2.262157.
        var three = Interval.Of([1.0, 2.0, 3.0]);
        Assert.AreEqual(2, three.Mean, Exact);
        Assert.AreEqual(4.302653 / Math.Sqrt(3), three.HalfWidth!.Value, 1e-5);
        var ten = Interval.Of([.. Enumerable.Range(0, 10).Select(i => (double)i)]);
        Assert.AreEqual(2.262157 * Math.Sqrt(82.5 / 9 / 10), ten.HalfWidth!.Value, 1e-5);
        Assert.AreEqual(ten.Mean - ten.HalfWidth, ten.Low);
        Assert.IsNull(Interval.Of([5.0]).HalfWidth, "One value says nothing of others.");
    }

    [TestMethod]
    public void Interval_HoldsTheTrueMean_95TimesIn100()
    {
        var random = new RandomStream(7);
        const int Trials = 4000;
        var held = Enumerable.Range(0, Trials).Count(_ =>
        {
            var interval = Interval.Of([.. Enumerable.Range(0, 4).Select(_ => 10 + 3 * random.NextGaussian())]);
            return interval.Low <= 10 && 10 <= interval.High;
        });
        // Standard deviation of the share: 0.0034.
        Assert.AreEqual(0.95, held / (double)Trials, 0.012);
    }

    private static float[] Normalise(int[] weights, int classes)
    {
        return [.. weights.Chunk(classes).SelectMany(row => row.Select(w => (w + 0.5f) / (row.Sum() + 0.5f * classes)))];
    }
}
