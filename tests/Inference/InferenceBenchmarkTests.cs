using OneFractal.Export;
using OneFractal.Inference;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class InferenceBenchmarkTests
{
    private static readonly InferenceBenchmarkSettings Quick = new()
    {
        Models = [BenchmarkModel.FromModel(TestModels.Small(), "small")],
        Devices = [ComputeDevice.Cpu],
        BatchSizes = [4, 1],
        Threads = [1],
        Rounds = 2,
        Window = TimeSpan.FromMilliseconds(10),
        Scenarios = [],
    };

    [TestMethod]
    public void Everything_IsMeasuredAtEveryCombination()
    {
        using var folder = new TempFolder();
        TestModels.Small().Save(folder["file.onnx"]);
        FixedBatch.Apply(TestModels.Small(), 2).Save(folder["two.onnx"]);
        var result = InferenceBenchmark.Run(Quick with
        {
            Models = [.. Quick.Models, BenchmarkModel.FromFile(folder["file.onnx"]), BenchmarkModel.FromFile(folder["two.onnx"], "two")],
            Threads = [1, 2],
        });
        Assert.HasCount(6, result.Sessions);
        foreach (var session in result.Sessions)
        {
            Assert.AreEqual(ComputeDevice.Cpu, session.Device);
            Assert.IsTrue(session is { CreationMilliseconds: > 0, FirstInferenceMilliseconds: > 0, PeakWorkingSetBytes: > 0, GpuBytes: null });
            Assert.AreEqual(PeakMemory.IsKnown, session.MemoryBytes is not null);
        }

        Assert.AreEqual(new FileInfo(folder["file.onnx"]).Length, result.Sessions[1].FileBytes);
        // Two models at two batch sizes and one at its own, each with two bindings and two numbers of threads.
        Assert.HasCount((2 * 2 + 1) * 2 * 2, result.Runs);
        Assert.HasCount(result.Runs.Count, result.Runs.Select(r => (r.Model, r.Threads, r.Batch, r.Binding)).Distinct().ToArray());
        CollectionAssert.AreEqual(new[] { "two takes batches of 2 only." }, result.Notes.ToArray());
        foreach (var run in result.Runs)
        {
            Assert.AreEqual(run.Model == "two", run.Batch == 2);
            Assert.AreEqual(Latencies.Of(run.Milliseconds), run.Latency);
            Assert.AreEqual(run.Milliseconds.Min(), run.Latency.Min);
            Assert.HasCount(run.Latency.Count, run.Milliseconds);
            Assert.HasCount(2, run.RoundMedians);
            Assert.IsTrue(run.RoundMedians.All(m => m >= run.Latency.Min && m <= run.Latency.Max));
            Assert.AreEqual(run.Batch * 1000 / run.Latency.Mean, run.ImagesPerSecond, 1e-6 * run.ImagesPerSecond);
            Assert.IsGreaterThanOrEqualTo(0, run.CpuPercent);
        }

        Assert.AreEqual(Environment.ProcessorCount, result.Environment.Cores);
        Assert.IsNull(result.Environment.Gpu);
        Assert.Contains("CPUExecutionProvider", result.Environment.Providers);
    }

    /// <summary>What preprocesses by itself gets photos of the size that it resizes them to.</summary>
    [TestMethod]
    [DataRow(null)]
    [DataRow(2)]
    public void AModelOfPhotos_IsMeasuredOnPhotos(int? fixedBatch)
    {
        var model = EmbeddedPreprocessing.Apply(DeploymentForm.Apply(TestModels.Small(), fixedBatch), new Preprocessing(3, 4, 4) { CropFraction = 0.8 });
        model.Metadata = model.Metadata! with { Preprocessing = new Preprocessing(3, 4, 4) { CropFraction = 0.8 } };
        var result = InferenceBenchmark.Run(Quick with { Models = [BenchmarkModel.FromModel(model, "photos")] });
        CollectionAssert.AreEqual(fixedBatch is { } batch ? new[] { batch } : [1, 4], result.Runs.Select(r => r.Batch).Distinct().ToArray());
        Assert.IsTrue(result.Runs.All(r => r.Latency.Count > 0));
        Assert.Contains("photos preprocesses by itself: it gets photos of 5×5 pixels", string.Join("; ", result.Notes));
    }

    [TestMethod]
    public void Scenarios_AnswerEveryQuery_AndTheServerKeepsToItsBound()
    {
        var settings = Quick with { Scenarios = Enum.GetValues<LoadScenario>(), Bindings = [IoBinding.Bound], LatencyBound = TimeSpan.FromSeconds(10), Seed = 2 };
        var scenarios = InferenceBenchmark.Run(settings).Scenarios;
        CollectionAssert.AreEqual(Enum.GetValues<LoadScenario>(), scenarios.Select(s => s.Scenario).ToArray());
        var (single, offline, server) = (scenarios[0], scenarios[1], scenarios[2]);
        Assert.AreEqual((1, 1.0), (single.MaximumBatch, single.MeanBatch));
        Assert.AreEqual((4, 4.0, 0), (offline.MaximumBatch, offline.MeanBatch, offline.Latency.Count % 4));
        // Nobody waits ten seconds in a hundredth of one: every rate that is tried holds.
        Assert.AreEqual((true, 10_000.0), (server.Valid, server.BoundMilliseconds));
        Assert.IsTrue(server is { MeanBatch: >= 1 and <= 4, QueriesPerSecond: > 0, Latency.Count: >= 100 });
        var impossible = InferenceBenchmark.Run(settings with { Scenarios = [LoadScenario.Server], LatencyBound = TimeSpan.FromTicks(1), Rate = 1e5 }).Scenarios[0];
        Assert.AreEqual((false, 1e5), (impossible.Valid, impossible.QueriesPerSecond));
    }

    [TestMethod]
    public void WhatCannotBeMeasured_IsSaidFirst()
    {
        string Refused(InferenceBenchmarkSettings settings) => Assert.ThrowsExactly<UsageException>(() => InferenceBenchmark.Run(settings)).Message;
        Assert.Contains("at least one model", Refused(Quick with { Models = [] }));
        Assert.Contains("each once", Refused(Quick with { Models = [.. Quick.Models, .. Quick.Models] }));
        Assert.Contains("above 0", Refused(Quick with { BatchSizes = [0] }));
        Assert.Contains("latency bound", Refused(Quick with { Scenarios = [LoadScenario.Server] }));
        Assert.Contains("none.onnx", Assert.ThrowsExactly<ModelException>(() => BenchmarkModel.FromFile("none.onnx")).Message);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => InferenceBenchmark.Run(Quick, cancellation: cancellation.Token));
    }

    [TestMethod]
    public void Times_AreStable_WhenTwoGroupsOfThreeAgree()
    {
        double[] falling = [9, 8, 7, 6, 5, 4, 4], even = [90, 9, 9, 9, 9.1, 9.1, 50];
        Assert.IsFalse(InferenceBenchmark.IsStable(falling));
        Assert.IsFalse(InferenceBenchmark.IsStable(even[2..]));
        Assert.IsTrue(InferenceBenchmark.IsStable(even));
    }
}
