using System.Text.Json.Nodes;
using OneFractal.Data;
using OneFractal.Evaluation;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OpenCvSharp;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class InferenceReportTests
{
    [TestMethod]
    public void Report_HoldsSpeedRatiosAndAccuracy_AsCsvJsonAndPictures()
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier();
        model.Metadata = model.Metadata! with { Labels = ["a", "b", "c", "d", "e"] };
        TestImages.WriteClassFolders(folder["data"], classes: 3, perClass: 10);
        var settings = new InferenceEvaluationSettings
        {
            Data = folder["data"],
            TestImages = 3,
            Speed = new InferenceBenchmarkSettings
            {
                Models = [BenchmarkModel.FromModel(model, "first"), BenchmarkModel.FromModel(model, "second, again")],
                Devices = [ComputeDevice.Cpu],
                BatchSizes = [1, 2],
                Window = TimeSpan.FromMilliseconds(10),
                Rounds = 2,
            },
        };
        var report = InferenceEvaluation.Run(settings);
        Assert.HasCount(2, report.Accuracy);
        Assert.AreEqual(report.Accuracy[0] with { Model = "second, again" }, report.Accuracy[1]);
        Assert.AreEqual(3, report.Accuracy[0].Images);
        using (var classifier = Classifier.Create(model, new SessionSettings { Device = ComputeDevice.Cpu }))
        using (var images = TestImagesOf(folder["data"], 3))
        {
            Assert.AreEqual(TestSet.Evaluate(classifier, images).Accuracy, report.Accuracy[0].Top1);
        }

        // At each batch size: second against first by both bindings, and unbound against bound for both.
        Assert.HasCount(2 * 4, report.Ratios);
        report.Write(folder["out"]);
        var lines = File.ReadAllLines(folder["out", "runs.csv"]);
        Assert.AreEqual(
            "model,device,threads,batch,binding,runs,min_ms,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,p99_9_ms,max_ms,inferences_per_second,images_per_second,cpu_percent,warm_up_runs,stable,"
            + "session_creation_ms,first_inference_ms,memory_bytes,peak_working_set_bytes,gpu_bytes,file_bytes,test_images,top1,top5,processor,cores,onnxruntime,onefractal,date",
            lines[0]);
        Assert.HasCount(1 + 2 * 2 * 2, lines);
        Assert.StartsWith("first,cpu,0,1,bound,", lines[1]);
        var scenarios = File.ReadAllLines(folder["out", "scenarios.csv"]);
        Assert.AreEqual("model,device,threads,scenario,maximum_batch,mean_batch,queries,queries_per_second,mean_ms,p50_ms,p90_ms,p99_ms,bound_ms,valid", scenarios[0]);
        Assert.HasCount(1 + 2 * 3, scenarios);

        var json = JsonNode.Parse(File.ReadAllText(folder["out", "bench.json"]))!.AsObject();
        CollectionAssert.AreEquivalent(new[] { "environment", "sessions", "runs", "scenarios", "notes", "ratios", "accuracy" }, json.Select(p => p.Key).ToArray());
        Assert.AreEqual("cpu", (string?)json["runs"]![0]!["device"]);
        Assert.AreEqual("unbound", (string?)json["runs"]![1]!["binding"]);
        Assert.AreEqual(report.Speed.Runs[0].Latency.P99, (double)json["runs"]![0]!["latency"]!["p99"]!);
        Assert.AreEqual("single_stream", (string?)json["scenarios"]![0]!["scenario"]);
        Assert.AreEqual(Environment.ProcessorCount, (int)json["environment"]!["cores"]!);
        foreach (var picture in new[] { "latency.png", "throughput.png" })
        {
            using var image = Cv2.ImRead(folder["out", picture]);
            Assert.IsTrue(image.Width > 600 && image.Height > 400 && HasColours(image), picture);
        }
    }

    [TestMethod]
    public void Precisions_AreModelsBesideEachOther()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["model.onnx"]);
        var models = PrecisionVariants.Write(
            [folder["model.onnx"]], [ExportPrecision.Float32, ExportPrecision.Int8], null, folder["variants"], NullProgress.Instance, CancellationToken.None);
        CollectionAssert.AreEqual(new[] { "model.onnx, fp32", "model.onnx, int8" }, models.Select(m => m.Name).ToArray());
        Assert.IsLessThan(models[0].Bytes / 2, models[1].Bytes);
        var speed = new InferenceBenchmarkSettings
        {
            Models = models, Devices = [ComputeDevice.Cpu], BatchSizes = [2], Bindings = [IoBinding.Bound], Scenarios = [], Rounds = 2, Window = TimeSpan.FromMilliseconds(10),
        };
        Assert.AreEqual("model.onnx, int8, bound", InferenceEvaluation.Run(new InferenceEvaluationSettings { Speed = speed }).Ratios.Single().What);
    }

    [TestMethod]
    public void Ratio_IsOfMediansOfTheSameRound_WithItsInterval()
    {
        static InferenceFigures Figures(string model, IoBinding binding, params double[] medians)
        {
            return new InferenceFigures(model, ComputeDevice.Cpu, 2, 8, binding, 1, 1, true, new Latencies(), 1, 100, medians);
        }

        var ratios = InferenceRatio.Of(
        [
            Figures("x", IoBinding.Bound, 1, 2, 4), Figures("x", IoBinding.Unbound, 2, 4, 8), Figures("y", IoBinding.Bound, 1, 4, 12), Figures("y", IoBinding.Unbound, 2, 4, 8),
        ]);
        Assert.AreEqual("y, bound / x, bound; y, unbound / x, unbound; x, unbound / x, bound; y, unbound / y, bound", string.Join("; ", ratios.Select(r => $"{r.What} / {r.Against}")));
        Assert.AreEqual(2, ratios[0].Ratio.Mean, 1e-12);
        // 1, 2 and 3: the standard error is 1 / √3, and Student's t of two degrees of freedom is 4.302653.
        Assert.AreEqual(4.302653 / Math.Sqrt(3), ratios[0].Ratio.HalfWidth!.Value, 1e-5);
        Assert.AreEqual(1, ratios[1].Ratio.Mean, 1e-12);
        Assert.AreEqual(2, ratios[2].Ratio.Mean, 1e-12);
        Assert.AreEqual((ComputeDevice.Cpu, 2, 8), (ratios[0].Device, ratios[0].Threads, ratios[0].Batch));
    }

    private static IImageDataset TestImagesOf(string folder, int count)
    {
        return OneFractal.Data.Readers.SubsetDataset.Stratified(Datasets.Open(folder, DatasetSplit.Test), count, 0);
    }

    private static bool HasColours(Mat image)
    {
        Cv2.MeanStdDev(image, out _, out var deviation);
        return deviation.Val0 > 5;
    }
}
