using OneFractal.Inference;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class LatencyBenchmarkTests
{
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

    [TestMethod]
    public void Prediction_IsMeasuredBesideTheBareCall()
    {
        using var folder = new TempFolder();
        var files = SamplePictures.Write(folder.Path, 2);
        var settings = new PredictionBenchmarkSettings { Device = ComputeDevice.Cpu, Threads = 2, BatchSize = 3, Rounds = 2, Window = TimeSpan.FromMilliseconds(10) };
        var report = PredictionBenchmark.Run(TestModels.Classifier(), files, settings);
        Assert.IsTrue(report is { SessionImagesPerSecond: > 0, DecodeImagesPerSecond: > 0, PipelineImagesPerSecond: > 0, BoundRatio: > 0 and <= 1, Files: 2, Rounds: 2 });
        Assert.IsTrue(report.LowestRatio > 0 && report.LowestRatio <= report.PipelineToSessionRatio && report.PipelineToSessionRatio <= report.HighestRatio);
        Assert.AreEqual(0, report.ImagesPerRound % (3 * settings.ParallelRuns));

        File.WriteAllText(files[0], "");
        Assert.Contains(files[0], Assert.ThrowsExactly<OneFractalException>(() => PredictionBenchmark.Run(TestModels.Classifier(), files, settings)).Message);
    }
}
