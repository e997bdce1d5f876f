using OneFractal.Inference;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class LatencyBenchmarkTests
{
    [TestMethod]
    public void Percentile_IsTheNearestRank()
    {
        double[] sorted = [.. Enumerable.Range(1, 20).Select(i => (double)i)];
        Assert.AreEqual(10, LatencyBenchmark.Percentile(sorted, 0.5));
        Assert.AreEqual(19, LatencyBenchmark.Percentile(sorted, 0.95));
        Assert.AreEqual(7, LatencyBenchmark.Percentile([7], 0.95));
    }

    [TestMethod]
    public void Measure_CountsItsRuns()
    {
        using var runner = ModelRunner.Create(TestModels.Features(), new SessionSettings { Device = ComputeDevice.Cpu, Threads = 1 });
        var report = LatencyBenchmark.Measure(runner, new LatencyBenchmarkSettings { WarmUp = 1, Runs = 5, BatchSize = 4 });
        Assert.AreEqual(5, report.Runs);
        Assert.AreEqual(ComputeDevice.Cpu, report.Device);
        Assert.IsTrue(report.MedianMilliseconds > 0 && report.MedianMilliseconds <= report.P95Milliseconds);
        Assert.IsGreaterThan(0, report.ImagesPerSecond);
    }
}
