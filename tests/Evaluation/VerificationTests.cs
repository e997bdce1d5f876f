using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OneFractal.Tests.JavaScript;
using OpenCvSharp;
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

    /// <summary>Stages have an output each, and weights may be in a file beside the graph: every runtime gives and reads all.</summary>
    [TestMethod]
    public void AllOutputs_AndWeightsBesideTheModel_AreComparedOnEveryRuntime()
    {
        using var folder = new TempFolder();
        var model = OutputSelection.Apply(TestModels.Features(), ModelOutput.Stages);
        model.SaveWithExternalData(folder["stages.onnx"]);
        CollectionAssert.AreEqual(new[] { "stages.onnx.data" }, OnnxModel.DataFiles(folder["stages.onnx"]).ToArray());
        var report = Verification.Run(
            folder["stages.onnx"], new VerificationSettings { Count = 2, Runtimes = [.. Here, VerificationRuntime.Node, VerificationRuntime.Web], NodePackages = NodeJs.Packages.Folder });
        string[] outputs = [.. model.Graph.Output.Select(o => o.Name)];
        Assert.IsGreaterThan(1, outputs.Length);
        foreach (var runtime in report.Runtimes.Skip(1).Where(r => !r.Runtime.Contains("CUDA", StringComparison.Ordinal)))
        {
            Assert.AreEqual(VerificationStatus.Passed, runtime.Status, runtime.ToString());
            CollectionAssert.AreEqual(outputs, runtime.Outputs.Select(o => o.Output).ToArray(), runtime.Runtime);
            Assert.AreEqual(runtime.Outputs.Max(o => o.MaxAbsoluteError), runtime.MaxAbsoluteError);
            Assert.AreEqual(runtime.Outputs.Sum(o => o.Histogram!.Sum(b => b.Count)), runtime.Histogram!.Sum(b => b.Count));
            Assert.IsNull(runtime.Top1Agreement);
        }

        using var work = new VerificationWork();
        var small = new WebRuntime(new RuntimeHost(work.Folder, null, NodeJs.Packages, 1), largest: 1000);
        var attempt = RuntimeAttempt.Of(small, () => new RuntimeJob(OnnxModel.Load(folder["stages.onnx"]), folder["stages.onnx"], []), CancellationToken.None);
        Assert.IsTrue(attempt.IsUnavailable);
        Assert.Contains("GiB", attempt.Problem);
    }

    /// <summary>A graph that preprocesses by itself gets photos, each of its own size and in a run of its own.</summary>
    [TestMethod]
    [DataRow(null)]
    [DataRow(2)]
    public void Photos_GoThroughEveryRuntimeThatTakesThem(int? fixedBatch)
    {
        using var folder = new TempFolder();
        using (Mat wide = TestImages.Gradient(50, 40), noise = TestImages.Noise(32, 32, 3), grey = TestImages.Noise(32, 40, 1))
        {
            TestImages.Write(folder["images", "wide.png"], wide);
            TestImages.Write(folder["images", "noise.png"], noise);
            TestImages.Write(folder["images", "grey.png"], grey);
        }

        var model = OpsetConversion.Apply(DeploymentForm.Apply(TestModels.Classifier(), fixedBatch), EmbeddedPreprocessing.AntialiasOpset);
        EmbeddedPreprocessing.Apply(model, model.Metadata!.Preprocessing).Save(folder["m.onnx"]);
        var settings = new VerificationSettings { Images = folder["images"], Runtimes = [.. Here, fixedBatch is null ? VerificationRuntime.Web : VerificationRuntime.Node], NodePackages = NodeJs.Packages.Folder };
        var report = Verification.Run(folder["m.onnx"], settings);
        Assert.AreEqual(3, report.Count);
        foreach (var runtime in report.Runtimes.Skip(1).Where(r => !r.Runtime.Contains("CUDA", StringComparison.Ordinal)))
        {
            if (runtime.Runtime.StartsWith("OpenCV", StringComparison.Ordinal))
            {
                Assert.AreEqual(VerificationStatus.Unavailable, runtime.Status, runtime.ToString());
                Assert.Contains("photos", runtime.Detail);
                continue;
            }

            Assert.AreEqual(VerificationStatus.Passed, runtime.Status, runtime.ToString());
            // A pixel that is rounded the other way is all that may differ.
            Assert.IsLessThan(runtime.Runtime.StartsWith("TorchSharp", StringComparison.Ordinal) ? 1e-3 : 1e-4, runtime.MaxAbsoluteError!.Value, runtime.Runtime);
            Assert.AreEqual(1e-2, runtime.Tolerance);
            Assert.AreEqual(1.0, runtime.Top1Agreement);
            Assert.AreEqual(3 * TestModels.Labels.Length, runtime.Histogram!.Sum(b => b.Count));
        }

        Assert.IsTrue(Verification.Run(folder["m.onnx"], new VerificationSettings { Count = 4, Runtimes = Here }).Passed);
    }

    /// <summary>The index of the likeliest class is a number like others.</summary>
    [TestMethod]
    public void AnOutputOfIntegers_IsComparedToo()
    {
        var model = TestModels.Classifier();
        var best = GraphEdits.MakeNode("ArgMax", "best", model.Graph.Output[0].Name);
        best.Set("axis", 1);
        model.Graph.Node.Add(best);
        model.Graph.Output.Add(new TensorInfo(DataType.Int64, ["batch", 1]).ToProto("best"));
        var report = Verification.Run(model, new VerificationSettings { Count = 3, Runtimes = [VerificationRuntime.OnnxRuntime, VerificationRuntime.TorchSharp] });
        Assert.IsTrue(report.Passed, string.Join("; ", report.Runtimes));
        Assert.AreEqual(3 * (TestModels.Labels.Length + 1), report.Runtimes[^1].Histogram!.Sum(b => b.Count));
        Assert.AreEqual(1.0, report.Runtimes[^1].Top1Agreement);
        model.Graph.Output[1] = new TensorInfo(DataType.String, ["batch", 1]).ToProto("best");
        Assert.ThrowsExactly<ModelException>(() => Verification.Run(model));
    }

    /// <summary>Top-1 is counted for scores of classes, known by labels or by the graph's head, and not for features.</summary>
    [TestMethod]
    public void Agreement_IsCountedForScoresAlone()
    {
        double? Top1(OnnxModel model) => Verification.Run(model, new VerificationSettings { Count = 2, Runtimes = [VerificationRuntime.TorchSharp] }).Runtimes[1].Top1Agreement;
        var model = TestModels.Foreign(batch: null);
        Assert.AreEqual(1.0, Top1(model));
        Assert.AreEqual(1.0, Top1(OutputSelection.Apply(model, ModelOutput.Probabilities)));
        CollectionAssert.AreEqual(new[] { "logits" }, ForeignModel.ClassScores(model).ToArray());

        var features = TestModels.Features("resnet-micro");
        Assert.IsEmpty(ForeignModel.ClassScores(features));
        features.Proto.MetadataProps.Clear();
        Assert.IsEmpty(ForeignModel.ClassScores(DeploymentForm.Apply(features)));
        Assert.IsNull(Top1(features));

        // An embedding, as CLIP's, is a product alone.
        var g = new GraphBuilder("embedding");
        FillParameter fill = (_, _, values) => values.Fill(0.1f);
        var pooled = g.Node("ReduceMean", [g.Input("images", DataType.Float, "batch", 3, 8, 8)], ("axes", new long[] { 2, 3 }), ("keepdims", 0L));
        g.Output(g.MatMul(pooled, g.Parameter("projection", [3, 7], fill)));
        Assert.IsNull(Top1(g.Build()));
    }

    /// <summary>Ranges of the whole batch make an image's scores depend on its neighbours: nobody is compared with another batch's.</summary>
    [TestMethod]
    public void WhereTheBatchMatters_EachRuntimeIsComparedOnItsOwnBatches()
    {
        var model = DynamicQuantization.Apply(DeploymentForm.Apply(TestModels.Classifier()));
        var reference = new OnnxRuntimeRuntime("reference", new SessionSettings { Device = ComputeDevice.Cpu, Optimization = GraphOptimization.None });
        using var work = new VerificationWork();
        using var facts = ModelRunner.Create(model);
        var images = VerificationImages.Make(new VerificationSettings { Count = 5 }, facts);
        var subject = new VerificationSubject(model, work.Job(model, []).File, facts, images, work);
        var oneByOne = reference.Run(subject.Job(fixedShapes: true), CancellationToken.None);
        var (own, _) = subject.Expected(reference, fixedShapes: true, CancellationToken.None)[0].Compare(oneByOne, 1e-5);
        Assert.IsTrue(own.Passed, own.ToString());
        var together = reference.Run(subject.Job(fixedShapes: false), CancellationToken.None).Single().Values;
        Assert.IsGreaterThan(1e-3, OutputComparison.Of([.. oneByOne.SelectMany(t => t.Values)], together, 5).MaxAbsolute);

        var report = Verification.Run(model, new VerificationSettings { Count = 5, Runtimes = [VerificationRuntime.OnnxRuntime, VerificationRuntime.OpenCv] });
        Assert.Contains("(of 5 or 1)", report.Notes.Single());
        Assert.IsEmpty(Verification.Run(TestModels.Classifier(), new VerificationSettings { Count = 1, Runtimes = [VerificationRuntime.OnnxRuntime] }).Notes);
    }

    /// <summary>A native library that cannot be loaded is no failure of the runtime, in a process of its own neither.</summary>
    [TestMethod]
    public void ARuntimeWhoseLibraryIsMissing_InItsOwnProcess_IsNotThere()
    {
        using var folder = new TempFolder();
        LinkTree(AppContext.BaseDirectory, folder["program"], "libOpenCvSharpExtern.so");
        var settings = new VerificationSettings
        {
            Count = 1, Runtimes = [VerificationRuntime.OpenCv, VerificationRuntime.TorchSharp], Command = ["dotnet", folder["program", "onefractal.dll"]],
        };
        var report = Verification.Run(TestModels.Classifier(), settings);
        Assert.AreEqual(VerificationStatus.Unavailable, report.Runtimes[1].Status, report.Runtimes[1].ToString());
        Assert.StartsWith("not here: its native library", report.Runtimes[1].Detail);
        Assert.AreEqual(VerificationStatus.Passed, report.Runtimes[2].Status, report.Runtimes[2].ToString());
        Assert.IsTrue(report.Passed);
    }

    /// <summary>Links to all files of a folder, with an empty file in the place of one.</summary>
    private static void LinkTree(string from, string to, string broken)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.GetDirectories(from))
        {
            LinkTree(folder, Path.Combine(to, Path.GetFileName(folder)), broken);
        }

        foreach (var file in Directory.GetFiles(from))
        {
            var target = Path.Combine(to, Path.GetFileName(file));
            if (Path.GetFileName(file) == broken)
            {
                File.WriteAllText(target, "");
            }
            else if (Path.GetFileName(file).StartsWith("onefractal.", StringComparison.Ordinal))
            {
                // A program is where its real file is.
                File.Copy(file, target);
            }
            else
            {
                File.CreateSymbolicLink(target, file);
            }
        }
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

        // Packages without their libraries are not there either.
        foreach (var package in new[] { NodePackages.NodePackage, NodePackages.WebPackage })
        {
            Directory.CreateDirectory(Path.Combine(work.Folder, "packages", "node_modules", package));
            File.WriteAllText(Path.Combine(work.Folder, "packages", "node_modules", package, "package.json"), """{"version": "1.0.0"}""");
        }

        var empty = host with { Packages = NodePackages.Find(Path.Combine(work.Folder, "packages")) };
        foreach (var runtime in new IModelRuntime[] { new NodeRuntime(empty), new WebRuntime(empty) })
        {
            var attempt = RuntimeAttempt.Of(runtime, () => job, CancellationToken.None);
            Assert.IsTrue(attempt.IsUnavailable, attempt.Problem);
            Assert.Contains("cannot be loaded", attempt.Problem);
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
