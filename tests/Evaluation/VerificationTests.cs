using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OneFractal.Tests.JavaScript;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class VerificationTests
{
    /// <summary>What runs in this process.</summary>
    private static readonly VerificationRuntime[] Here =
        [VerificationRuntime.OnnxRuntime, VerificationRuntime.Cuda, VerificationRuntime.TorchSharp, VerificationRuntime.OpenCv];

    [TestMethod]
    [DataRow("vit-nano", 4)]
    [DataRow("vit-tiny", 2)]
    public void EveryRuntime_Agrees(string name, int count)
    {
        var report = Verification.Run(TestModels.Classifier(name), new VerificationSettings { Count = count, Runtimes = Here });
        AssertPassed(report, count);
        Assert.AreEqual(VerificationStatus.Reference, report.Runtimes[0].Status);
        Assert.AreEqual(ModelPrecision.Float32, report.Precision);
        foreach (var runtime in report.Runtimes.Where(r => r.Status == VerificationStatus.Passed))
        {
            Assert.AreEqual(1e-4, runtime.Tolerance);
            Assert.IsLessThanOrEqualTo(runtime.MaxAbsoluteError!.Value, runtime.MeanAbsoluteError!.Value);
            Assert.IsLessThanOrEqualTo(runtime.MaxRelativeError!.Value, runtime.MeanRelativeError!.Value);
            Assert.AreEqual(1.0, runtime.Top1Agreement);
            Assert.IsNull(runtime.Top5Agreement, "There are only five classes.");
            Assert.AreEqual(count * TestModels.Labels.Length, runtime.Histogram!.Sum(b => b.Count));
        }

        CollectionAssert.IsSubsetOf(
            new[] { "ONNX Runtime CPU, basic", "ONNX Runtime CPU, extended", "ONNX Runtime CPU, layout", "ONNX Runtime CPU, all" },
            report.Runtimes.Where(r => r.Status == VerificationStatus.Passed).Select(r => r.Runtime).ToArray());
    }

    [TestMethod]
    public void AFixedBatch_AndAHeadlessModel_WorkToo()
    {
        using var folder = new TempFolder();
        FixedBatch.Apply(TestModels.Features(), 3).Save(folder["features.onnx"]);
        var report = Verification.Run(folder["features.onnx"], new VerificationSettings { Count = 5, Runtimes = Here });
        AssertPassed(report, 5);
        Assert.IsTrue(report.Runtimes.All(r => r.Top1Agreement is null && r.Top5Agreement is null));
    }

    [TestMethod]
    [DataRow(null, 18)]
    [DataRow(3, 5)]
    public void InNodeJs_AndInChromium_TheOutputsAreTheSame(int? fixedBatch, int count)
    {
        var model = TestModels.Classifier();
        model = fixedBatch is { } batch ? FixedBatch.Apply(model, batch) : model;
        var report = Verification.Run(
            model,
            new VerificationSettings { Count = count, Runtimes = [VerificationRuntime.Node, VerificationRuntime.Web], NodePackages = NodeJs.Packages.Folder });
        Assert.HasCount(3, report.Runtimes);
        foreach (var runtime in report.Runtimes.Skip(1))
        {
            Assert.AreEqual(VerificationStatus.Passed, runtime.Status, runtime.ToString());
            Assert.AreEqual(1.0, runtime.Top1Agreement);
            Assert.AreEqual(count * TestModels.Labels.Length, runtime.Histogram!.Sum(b => b.Count));
        }

        Assert.MatchesRegex(@"^onnxruntime-node \d+\.\d+\.\d+$", report.Runtimes[1].Runtime);
        Assert.MatchesRegex(@"^onnxruntime-web \d+\.\d+\.\d+, wasm in Chromium$", report.Runtimes[2].Runtime);
    }

    [TestMethod]
    public void JavaScript_ThatCannotRunAModel_SaysWhy_AndOneThatIsNotThereHowToGetIt()
    {
        var model = TestModels.Small();
        model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "nowhere", Version = 1 });
        model.Graph.Node[0].Domain = "nowhere";
        using var work = new VerificationWork();
        var job = work.Job(model, []);
        var host = new RuntimeHost(work.Folder, null, NodeJs.Packages, 1);
        foreach (var runtime in new IModelRuntime[] { new NodeRuntime(host), new WebRuntime(host) })
        {
            var attempt = RuntimeAttempt.Of(runtime, () => job, CancellationToken.None);
            Assert.IsNull(attempt.Outputs);
            Assert.IsFalse(attempt.IsUnavailable);
            Assert.Contains("nowhere", attempt.Problem, runtime.Name);
        }

        foreach (var runtime in new IModelRuntime[] { new NodeRuntime(host with { Packages = null }), new WebRuntime(host with { Packages = null }) })
        {
            var attempt = RuntimeAttempt.Of(runtime, () => job, CancellationToken.None);
            Assert.IsTrue(attempt.IsUnavailable);
            Assert.StartsWith("not here: install them with --install", attempt.Problem);
        }

        Assert.Contains("npm install", Assert.ThrowsExactly<OneFractal.Common.UsageException>(() => NodePackages.Find(work.Folder)).Message);
    }

    /// <summary>A runtime's process that dies is that runtime's failure.</summary>
    [TestMethod]
    public void ACrash_IsOneRuntimesFailure()
    {
        var settings = new VerificationSettings { Count = 1, Runtimes = [VerificationRuntime.OpenCv, VerificationRuntime.OnnxRuntime], Command = ["sh", "-c", "kill -SEGV $$"] };
        var report = Verification.Run(TestModels.Classifier(), settings);
        Assert.AreEqual(VerificationStatus.Failed, report.Runtimes[1].Status);
        Assert.AreEqual("its process crashed (signal 11)", report.Runtimes[1].Detail);
        Assert.IsTrue(report.Runtimes.Skip(2).All(r => r.Status == VerificationStatus.Passed));
    }

    [TestMethod]
    public void GivenImages_AreUsed()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 2, perClass: 3);
        var settings = new VerificationSettings { Images = folder.Path, Count = 4, Runtimes = Here };
        AssertPassed(Verification.Run(TestModels.Classifier(), settings), 4);
        AssertPassed(Verification.Run(TestModels.Classifier(), settings with { Count = 99 }), 6);
        StringAssert.Contains(
            Assert.ThrowsExactly<OneFractal.Data.DataException>(() => Verification.Run(TestModels.Classifier(), settings with { Images = folder["none.png"] })).Message,
            "none.png");
    }

    /// <summary>A difference that the tolerance does not allow is a failure, and so is a runtime that does not know an operator.</summary>
    [TestMethod]
    public void WhatDiffers_Fails()
    {
        var strict = Verification.Run(TestModels.Classifier(), new VerificationSettings { Count = 2, Tolerance = 0, Runtimes = Here });
        Assert.IsFalse(strict.Passed);
        Assert.Contains(r => r.Status == VerificationStatus.Failed && r.MaxAbsoluteError > 0, strict.Runtimes);

        var model = TestModels.Classifier();
        var last = model.Graph.Node[^1];
        // ONNX Runtime knows it; TorchSharp's table does not.
        var unknown = new NodeProto { OpType = "RandomUniformLike", Name = "unknown" };
        unknown.Input.Add("before");
        unknown.Output.Add(last.Output[0]);
        last.Output[0] = "before";
        model.Graph.Node.Add(unknown);
        var torch = Verification.Run(model, new VerificationSettings { Count = 1, Locate = true, Runtimes = [VerificationRuntime.TorchSharp] }).Runtimes[1];
        Assert.AreEqual(VerificationStatus.Failed, torch.Status);
        StringAssert.Contains(torch.Detail, "RandomUniformLike");
        Assert.AreEqual("unknown", torch.FirstDifference!.Node);
        Assert.Contains("cannot run it", torch.FirstDifference.Finding);

        model = TestModels.Classifier();
        model.FindInitializer("head.bias")!.SetFloats([0, float.NaN, 0, 0, 0]);
        StringAssert.Contains(Assert.ThrowsExactly<ModelException>(() => Verification.Run(model)).Message, "not finite");
    }

    [TestMethod]
    public void Comparison_IsWhatItSays()
    {
        var c = OutputComparison.Of([1, 2, 3, 9, 0, 0], [1, 2, 4, 8, 0, 0], rows: 2);
        Assert.AreEqual(1, c.MaxAbsolute);
        Assert.AreEqual(2.0 / 6, c.MeanAbsolute);
        // Of 4, and of 8: both are above the root mean square of their rows.
        Assert.AreEqual(1.0 / 4, c.MaxRelative);
        Assert.AreEqual((1.0 / 4 + 1.0 / 8) / 6, c.MeanRelative, 1e-12);
        Assert.AreEqual(8, c.Scale);
        Assert.AreEqual(0, c.WorstRow);
        Assert.AreEqual(1.0, c.Top1Agreement);
        Assert.IsNull(c.Top5Agreement);
        Assert.AreEqual(new ErrorBin(0, 0, 4), c.Histogram[0]);
        Assert.AreEqual(new ErrorBin(1, null, 2), c.Histogram[^1]);

        // A value at 0 is measured by its row: the root mean square of 3, 4 and 0 is 5 / √3.
        Assert.AreEqual(0.5 * Math.Sqrt(3) / 5, OutputComparison.Of([3, 4, 0.5f], [3, 4, 0], rows: 1).MaxRelative, 1e-12);
        Assert.AreEqual(0.5, OutputComparison.Of([1, 0, 1, 0], [1, 0, 0, 1], rows: 2).Top1Agreement);
        Assert.AreEqual(double.PositiveInfinity, OutputComparison.Of([float.NaN], [1], rows: 1).MaxAbsolute);
        Assert.AreEqual(1.0, OutputComparison.Of([0.5f], [0.5f], rows: 1).Scale);

        // The same five in another order agree; another five do not.
        float[] six = [6, 5, 4, 3, 2, 1], turned = [2, 3, 4, 5, 6, 1], other = [6, 5, 4, 3, 1, 2];
        Assert.AreEqual(0.5, OutputComparison.Of([.. turned, .. other], [.. six, .. six], rows: 2).Top5Agreement);
        Assert.AreEqual(new ErrorBin(1e-4, 1e-3, 1), OutputComparison.Of([1.0005f], [1], rows: 1).Histogram.Single(b => b.Count > 0));
    }

    [TestMethod]
    public void Tolerance_FollowsTheModelsPrecision()
    {
        var model = TestModels.Small();
        Assert.AreEqual(ModelPrecision.Float32, PrecisionInspection.LeastExact(model));
        model.Graph.Initializer.Add(new TensorProto { Name = "half", DataType = (int)DataType.Float16, RawData = Google.Protobuf.ByteString.CopyFrom(0, 0), Dims = { 1 } });
        Assert.AreEqual(ModelPrecision.Float16, PrecisionInspection.LeastExact(model));
        var cast = GraphEdits.MakeNode("Cast", "cast", "half");
        cast.Set("to", (long)DataType.Bfloat16);
        model.Graph.Node.Add(cast);
        Assert.AreEqual(ModelPrecision.BFloat16, PrecisionInspection.LeastExact(model));
        model.Graph.Node.Add(GraphEdits.MakeNode("DynamicQuantizeLinear", "quantized", "half"));
        Assert.AreEqual(ModelPrecision.Int8, PrecisionInspection.LeastExact(model));
        CollectionAssert.AreEqual(new[] { 1e-4, 1e-2, 5e-2, 5e-2 }, Enum.GetValues<ModelPrecision>().Select(Verification.ToleranceOf).ToArray());
    }

    private static void AssertPassed(VerificationReport report, int count)
    {
        Assert.AreEqual(count, report.Count);
        Assert.IsTrue(report.Passed, string.Join("; ", report.Runtimes));
        Assert.HasCount(8, report.Runtimes);
        Assert.IsGreaterThanOrEqualTo(6, report.Runtimes.Count(r => r.Status == VerificationStatus.Passed));
    }
}
