using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Tests.Training;
using OneFractal.Training;

namespace OneFractal.Tests.Evaluation;

[TestClass]
[DoNotParallelize]
public sealed class TransferEvaluationTests
{
    private static readonly TrainingRecipe Short = new() { Steps = 20, BatchSize = 8, WarmupSteps = 2, LearningRate = 1e-3 };

    [TestMethod]
    public void EveryBackbone_OnEveryProtocol_IsMeasured_AndNothingIsRepeated()
    {
        using var folder = new TempFolder();
        var settings = Settings(folder) with { LearningRates = [1e-7, 1e-3], Shots = [2] };
        var options = Options(folder);
        var result = TransferEvaluation.Run(settings, options);

        const int Runs = 2 * 4 * 2;
        Assert.HasCount(Runs, result.Runs);
        var rows = new ResultsFile(result.Folder.ResultsCsv).Read();
        CollectionAssert.AreEqual(result.Runs.Select(r => r.Row).ToArray(), rows.ToArray());
        Assert.HasCount(Runs, rows.Select(r => r.Key).Distinct());
        foreach (var row in rows)
        {
            Assert.AreEqual(18, row.TestImages);
            Assert.IsTrue(row.Top1 is > 0.3 and <= 1, $"{row}");
            Assert.AreEqual(1, row.Top5, "There are three classes.");
            Assert.IsGreaterThan(0, row.ImagesPerSecond);
        }

        foreach (var row in rows.Where(r => r.Protocol == "finetune"))
        {
            Assert.AreEqual((24, 6, 20), (row.TrainingImages, row.ValidationImages, row.Steps));
            Assert.AreEqual(1e-3, row.LearningRate, "The other one learns nothing in 20 steps.");
            Assert.AreEqual(20 * 8 / 24.0, row.LastEpoch!.Value, 1e-3);
            Assert.IsTrue(row.BestEpoch <= row.LastEpoch && row.BestValidationAccuracy >= row.ValidationAccuracy);
            Assert.IsGreaterThan(0, row.TrainingSeconds);
        }

        foreach (var row in rows.Where(r => r.Protocol == "probe"))
        {
            Assert.AreEqual((24, 6), (row.TrainingImages, row.ValidationImages));
            Assert.AreEqual(1, row.Top1, "Three colours are linearly separable.");
            Assert.Contains(row.L2!.Value, settings.Strengths);
        }

        Assert.IsTrue(rows.Where(r => r.Protocol == "knn").All(r => (r.TrainingImages, r.ValidationImages, r.TrainingSeconds) == (30, 0, 0)));
        Assert.IsTrue(rows.Where(r => r.Protocol == "fewshot").All(r => (r.Shots, r.TrainingImages, r.ValidationImages) == (2, 6, 6)));

        // Choosing took two trainings with the first seed, and the second seed one more, for each backbone.
        var trainings = Directory.GetDirectories(folder["out", "trainings"]);
        Assert.HasCount(2 * 3, trainings);
        Assert.IsTrue(trainings.All(t => !Directory.Exists(Path.Combine(t, "checkpoint")) && File.Exists(Path.Combine(t, "classifier.onnx"))));

        // What was tested is the file that is there.
        var tuned = result.Runs.First(r => r.Row.Protocol == "finetune");
        using (var classifier = Classifier.Load(new RunFolder(result.Folder.Training(tuned.Training!)).Classifier))
        using (var test = OneFractal.Data.Datasets.Open(folder["photos"], OneFractal.Data.DatasetSplit.Test))
        {
            Assert.AreEqual(tuned.Row.Top1, TestSet.Evaluate(classifier, test).Accuracy, 1e-12);
        }

        Assert.AreEqual(4, result.Summary.Comparisons.Count, "The file against random weights, for each protocol.");
        Assert.IsTrue(result.Summary.Comparisons.All(c => (c.Backbone, c.Reference) == ("ours", "scratch:vit-nano")));
        Assert.HasCount(8, result.Summary.Table());

        var (csv, files) = (File.ReadAllText(result.Folder.ResultsCsv), LastWrites(folder["out", "trainings"]));
        var again = TransferEvaluation.Run(new TransferSettings(), options with { Resume = true });
        Assert.AreEqual(csv, File.ReadAllText(result.Folder.ResultsCsv));
        CollectionAssert.AreEqual(files, LastWrites(folder["out", "trainings"]));
        CollectionAssert.AreEqual(result.Runs.Select(r => r.Row).ToArray(), again.Runs.Select(r => r.Row).ToArray());

        // One backbone more is measured; the others are not measured again.
        var more = settings with { Backbones = [.. settings.Backbones, BackboneSource.Parse("more=scratch:vit-nano")], Protocols = [TransferProtocol.Knn] };
        Assert.HasCount(6, TransferEvaluation.Run(more, options).Runs);
        Assert.StartsWith(csv, File.ReadAllText(result.Folder.ResultsCsv));
        Assert.HasCount(Runs + 2, new ResultsFile(result.Folder.ResultsCsv).Read());
    }

    [TestMethod]
    public void StoppedEvaluation_LosesAndRepeatsNothing()
    {
        using var folder = new TempFolder();
        var settings = Settings(folder) with { Protocols = [TransferProtocol.Finetune, TransferProtocol.Probe] };
        var options = Options(folder);
        var whole = TransferEvaluation.Run(settings, options with { Output = folder["whole"] });

        // Stopped when the first training of the second backbone is under way.
        using var cancel = new CancellationTokenSource();
        var stopping = new StoppingProgress("Fine-tuning vit-nano from scratch", 5, cancel);
        Assert.Throws<OperationCanceledException>(() => TransferEvaluation.Run(settings, options with { Progress = stopping }, cancel.Token));
        Assert.Contains("--resume", stopping.Messages.Last());
        var file = new ResultsFile(folder["out", "results.csv"]);
        var before = file.Read();
        Assert.HasCount(4, before, "The first backbone is done.");

        // And the last line was torn.
        File.WriteAllText(folder["out", "results.csv"], File.ReadAllText(folder["out", "results.csv"])[..^30]);
        var resumed = TransferEvaluation.Run(settings, options);
        CollectionAssert.AreEqual(before.Select(r => r.Finished).ToArray(), resumed.Runs.Take(4).Select(r => r.Row.Finished).ToArray(), "They were not done again.");
        Assert.HasCount(8, file.Read().Select(r => r.Key).Distinct());
        foreach (var (expected, actual) in whole.Runs.Zip(resumed.Runs))
        {
            Assert.AreEqual(Timeless(expected.Row), Timeless(actual.Row));
            CollectionAssert.AreEqual(expected.Mistakes.ToArray(), actual.Mistakes.ToArray());
        }
    }

    [TestMethod]
    public void Refit_LearnsFromAllLabelledImages_OnceTheSettingsAreChosen()
    {
        using var folder = new TempFolder();
        var settings = Settings(folder) with
        {
            Protocols = [TransferProtocol.Finetune, TransferProtocol.Probe], Seeds = 1, Refit = true, LearningRates = [1e-7, 1e-3], Backbones = [BackboneSource.Parse("scratch:vit-nano")],
        };
        var result = TransferEvaluation.Run(settings, Options(folder));
        Assert.IsTrue(result.Runs.All(r => (r.Row.TrainingImages, r.Row.ValidationImages) == (30, 0)));
        Assert.AreEqual(1e-3, result.Runs[0].Row.LearningRate);
        Assert.IsNull(result.Runs[0].Row.ValidationAccuracy, "Nothing is left to watch.");
        Assert.HasCount(3, Directory.GetDirectories(folder["out", "trainings"]));
        Assert.IsEmpty(result.Summary.Comparisons);
    }

    [TestMethod]
    public void ForeignFile_RunFolder_AndControl_AreBackbonesToo()
    {
        using var folder = new TempFolder();
        TestModels.Foreign().Save(folder["foreign.onnx"]);
        var settings = Settings(folder) with
        {
            Backbones =
            [
                BackboneSource.Parse(folder["run"]), BackboneSource.Parse(folder["foreign.onnx"]), BackboneSource.Parse("scratch:vit-nano"),
                BackboneSource.Parse("small-delta=" + folder["run", "backbone.onnx"], control: true),
            ],
            Foreign = new ForeignModelSettings { Mean = [0.5f], Std = [0.25f] },
            Protocols = [TransferProtocol.Knn],
        };
        var result = TransferEvaluation.Run(settings, Options(folder));
        CollectionAssert.AreEqual(
            new[] { ("run", "candidate"), ("foreign", "candidate"), ("scratch:vit-nano", "scratch"), ("small-delta", "control") },
            result.Runs.Select(r => (r.Row.Backbone, r.Row.Role)).Distinct().ToArray());
        CollectionAssert.AreEqual(
            new[] { ("run", "scratch:vit-nano"), ("run", "small-delta"), ("foreign", "scratch:vit-nano"), ("foreign", "small-delta") },
            result.Summary.Comparisons.Select(c => (c.Backbone, c.Reference)).ToArray());
        var control = result.Summary.Comparisons[1];
        Assert.AreEqual((0.0, 0.0), (control.Difference.Mean, control.Difference.HalfWidth), "They are the same weights.");
        Assert.AreEqual("no difference shown", control.Verdict);
        var none = settings with { Backbones = [BackboneSource.Parse(folder["run"])] };
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => TransferEvaluation.Run(none, Options(folder))).Message, "--mean");
    }

    [TestMethod]
    public void Size_IsThatOfEveryBackbone()
    {
        using var folder = new TempFolder();
        TestModels.Foreign("resnet-micro").Save(folder["foreign.onnx"]);
        Backbone.Create("vit-nano", 3).Save(folder["ours.onnx"]);
        var identities = new List<string>();
        foreach (var path in new[] { folder["foreign.onnx"], folder["ours.onnx"], "scratch:vit-nano" })
        {
            foreach (var size in new int?[] { null, 48 })
            {
                var backbone = TransferBackbone.Open(BackboneSource.Parse(path), new ForeignModelSettings { Size = size }, NullProgress.Instance);
                Assert.AreEqual(size ?? 32, backbone.ImageSize);
                Assert.AreEqual(size ?? 32, TensorInfo.From(backbone.Features(0).Graph.Input[0])!.Shape![2].Value);
                identities.Add(backbone.Identity);
            }
        }

        Assert.HasCount(6, identities.Distinct(), "Results of one size are not taken for those of another.");
    }

    [TestMethod]
    public void Mistakes_AreOneClearLine_BeforeAnythingRuns()
    {
        using var folder = new TempFolder();
        var good = Settings(folder);
        Fails(good with { Backbones = [] }, "--backbone");
        Fails(good with { Data = [] }, "--data");
        Fails(good with { Backbones = [.. good.Backbones, good.Backbones[0]] }, "NAME=PATH");
        Fails(good with { Backbones = [BackboneSource.Parse("scratch:vit-huge")] }, "vit-nano");
        Fails(good with { Backbones = [BackboneSource.Parse(folder["none.onnx"])] }, "does not exist");
        Fails(good with { Backbones = [BackboneSource.Parse(folder["photos"])] }, "backbone.onnx");
        Fails(good with { Data = [DataSource.Parse(folder["nowhere"])] }, "nowhere");
        Fails(good with { Labelled = 1000 }, "--labelled");
        Fails(good with { Validation = 29 }, "--validation");
        Fails(good with { Shots = [40] }, "--shots");
        Fails(good with { Seeds = 0 }, "--seeds");
        Fails(good with { Strengths = [0] }, "--l2");
        Fails(good with { LearningRates = [20] }, "--lr");
        Fails(good with { Protocols = [] }, "--protocol");
        Assert.IsFalse(Directory.Exists(folder["out"]));
        StringAssert.Contains(
            Assert.ThrowsExactly<UsageException>(() => TransferEvaluation.Run(good, Options(folder) with { Resume = true })).Message, "run.yaml");
        Directory.CreateDirectory(folder["out"]);
        File.WriteAllText(folder["out", "run.yaml"], "verb: pretrain\n");
        Fails(good, "another verb");
        Assert.AreEqual("verb: pretrain\n", File.ReadAllText(folder["out", "run.yaml"]));

        void Fails(TransferSettings settings, string expected)
        {
            var error = Assert.Throws<OneFractalException>(() => TransferEvaluation.Run(settings, Options(folder)));
            StringAssert.Contains(error.Message, expected);
            Assert.DoesNotContain("\n", error.Message);
        }
    }

    [TestMethod]
    public void BrokenWeights_AreSaid_InsteadOfMeasured()
    {
        using var folder = new TempFolder();
        var settings = Settings(folder) with { Protocols = [TransferProtocol.Knn], Backbones = [BackboneSource.Parse(folder["nan.onnx"])] };
        var model = Backbone.Create("vit-nano");
        var bias = model.FindInitializer("norm.bias")!;
        bias.SetFloats([.. bias.ToFloats().Select(_ => float.NaN)]);
        model.Save(folder["nan.onnx"]);
        var error = Assert.ThrowsExactly<OneFractalException>(() => TransferEvaluation.Run(settings, Options(folder)));
        StringAssert.Contains(error.Message, "Features of nan");
    }

    [TestMethod]
    public void Key_FollowsWhatDecidesTheResult_AndNothingElse()
    {
        using var folder = new TempFolder();
        var settings = Settings(folder).Validated();
        var backbone = TransferBackbone.Open(settings.Backbones[0], settings.Foreign, NullProgress.Instance);
        string Key(TransferSettings changed, TransferProtocol protocol = TransferProtocol.Finetune, ulong seed = 0)
        {
            using var data = TransferData.Open(changed.Data[0], changed, Options(folder), CancellationToken.None);
            return RunIdentity.Of(changed, backbone, data, protocol, null, seed).ToKey();
        }

        var key = Key(settings);
        Assert.MatchesRegex("^[0-9a-f]{16}$", key);
        Assert.AreEqual(key, Key(settings), "The same settings.");
        TransferSettings[] others =
        [
            settings with { Labelled = 29 }, settings with { Validation = 7 }, settings with { Refit = true }, settings with { LearningRates = [2e-3] },
            settings with { WeightDecays = [0.1] }, settings with { TestImages = 9 }, settings with { Seed = 1 }, settings with { Recipe = Short with { Steps = 21 } },
            settings with { Data = [DataSource.Parse("renamed=" + folder["photos"])] },
        ];
        Assert.HasCount(others.Length + 3, others.Select(s => Key(s)).Append(key).Append(Key(settings, TransferProtocol.Probe)).Append(Key(settings, seed: 1)).Distinct());
        Assert.AreEqual(key, Key(settings with { Strengths = [1], Shots = [3], Seeds = 9, Protocols = [TransferProtocol.Finetune] }), "Fine-tuning uses none of these.");
        Assert.AreEqual(Key(settings, TransferProtocol.Knn), Key(settings with { Recipe = Short with { Steps = 3 }, Strengths = [1], Refit = true }, TransferProtocol.Knn));
    }

    private static JobOptions Options(TempFolder folder) => new() { Output = folder["out"], Device = ComputeDevice.Cpu };

    private static Dictionary<string, DateTime> LastWrites(string folder)
    {
        return Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToDictionary(f => f, File.GetLastWriteTimeUtc);
    }

    private static ResultRow Timeless(ResultRow row) => row with { TrainingSeconds = 0, ImagesPerSecond = 0, Finished = default };

    /// <summary>Three classes of 30 images, of which 18 are for testing, and a backbone in a run folder beside random weights of the same network.</summary>
    private static TransferSettings Settings(TempFolder folder)
    {
        FinetuningTests.WriteClasses(folder["photos"], count: 30, third: true);
        Directory.CreateDirectory(folder["run"]);
        TestModels.Features().Save(folder["run", "backbone.onnx"]);
        return new TransferSettings
        {
            Backbones = [BackboneSource.Parse("ours=" + folder["run"]), BackboneSource.Parse("scratch:vit-nano")],
            Data = [DataSource.Parse(folder["photos"])],
            Seeds = 2,
            Labelled = 30,
            Recipe = Short,
        };
    }

    /// <summary>Cancels when a task of some title has done so many steps.</summary>
    private sealed class StoppingProgress(string title, long steps, CancellationTokenSource cancel) : IProgressReporter
    {
        public List<string> Messages { get; } = [];

        public void Message(string text) => Messages.Add(text);

        public IProgressTask Start(string started, long total) => new StoppingTask(started == title ? steps : long.MaxValue, cancel);

        private sealed class StoppingTask(long steps, CancellationTokenSource cancel) : IProgressTask
        {
            public void Report(long done, string? detail = null)
            {
                if (done >= steps)
                {
                    cancel.Cancel();
                }
            }

            public void Dispose()
            {
            }
        }
    }
}
