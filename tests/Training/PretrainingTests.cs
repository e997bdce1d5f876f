using OneFractal.Data.Fractals;
using OneFractal.Data.Synthesis;
using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

/// <summary>Short but real runs. Torch's random generator is one for the process, so these do not run beside others.</summary>
[TestClass]
[DoNotParallelize]
public sealed class PretrainingTests
{
    private static readonly PretrainingSettings Settings = new()
    {
        Backbone = "vit-nano",
        Fractals = new FractalSetSettings { Classes = 6, Render = new RenderSettings { Size = 48, Points = 4000 }, Seed = 3 },
        Recipe = new TrainingRecipe { Steps = 8, BatchSize = 8, WarmupSteps = 2, DropPath = 0.2 },
        Seed = 5,
    };

    [TestMethod]
    public void SameSettings_GiveTheSameBytes_WithAnyNumberOfWorkers()
    {
        using var folder = new TempFolder();
        Pretraining.Run(Settings, new JobOptions { Output = folder["a"], Workers = 1 });
        Pretraining.Run(Settings, new JobOptions { Output = folder["b"], Workers = 3 });
        Pretraining.Run(Settings with { Seed = 6 }, new JobOptions { Output = folder["c"] });
        var (a, b, c) = (Read(folder["a"]), Read(folder["b"]), Read(folder["c"]));
        CollectionAssert.AreEqual(a, b);
        CollectionAssert.AreNotEqual(a, c);
    }

    [TestMethod]
    public void CancelledRun_ResumesToTheSameBytes()
    {
        using var folder = new TempFolder();
        Pretraining.Run(Settings, new JobOptions { Output = folder["whole"] });
        foreach (var stopAfter in new[] { 1, 4, 7 })
        {
            var output = folder[$"stopped-{stopAfter}"];
            using var cancellation = new CancellationTokenSource();
            var progress = new CancelAt(stopAfter, cancellation);
            Assert.ThrowsExactly<OperationCanceledException>(
                () => Pretraining.Run(Settings, new JobOptions { Output = output, Progress = progress }, cancellation.Token));
            Assert.IsFalse(File.Exists(new RunFolder(output).Backbone));
            // What is given is ignored: a run is resumed with the settings that it began with.
            Pretraining.Run(new PretrainingSettings(), new JobOptions { Output = output, Resume = true });
            CollectionAssert.AreEqual(Read(folder["whole"]), Read(output), $"Stopped after step {stopAfter}");
            Assert.HasCount(1 + Settings.Recipe.Steps, File.ReadAllLines(new RunFolder(output).MetricsCsv), "A header and a row a step.");
        }
    }

    [TestMethod]
    public void AnySetOfTheFamily_CanBeLearnt_AndIsSavedWithTheRun()
    {
        using var folder = new TempFolder();
        var noise = new NoiseSet(new NoiseSetSettings { Classes = 4, Size = 32, Seed = 9 });
        Synthesizer.Write(folder["noise"], noise);
        var settings = Settings with { Set = folder["noise"], Recipe = Settings.Recipe with { Steps = 2 } };
        var run = Pretraining.Run(settings, new JobOptions { Output = folder["run"], CacheBytes = 0 }).Run;
        CollectionAssert.AreEqual(File.ReadAllBytes(folder["noise", "fractal.json"]), File.ReadAllBytes(run.SyntheticSet));
        StringAssert.StartsWith(OnnxModel.Load(run.Backbone).Metadata!.Provenance["pretraining"], "noise");
        var many = Settings with { Fractals = Settings.Fractals with { Family = FractalFamily.ManyFractals }, Recipe = settings.Recipe };
        var backbone = OnnxModel.Load(Pretraining.Run(many, new JobOptions { Output = folder["many"] }).Run.Backbone);
        StringAssert.StartsWith(backbone.Metadata!.Provenance["pretraining"], "many fractals");
        Assert.Contains("00003", OnnxModel.Load(run.CheckpointModel).Metadata!.Labels.ToArray());
        Fails(Settings with { Set = folder["nowhere.json"] }, new JobOptions { Output = folder["x"] }, "nowhere.json");
    }

    [TestMethod]
    public void RunFolder_HoldsEverything()
    {
        using var folder = new TempFolder();
        var run = Pretraining.Run(Settings, new JobOptions { Output = folder["run"] }).Run;
        StringAssert.Contains(File.ReadAllText(run.RunYaml), "label_smoothing: 0.1");
        StringAssert.Contains(File.ReadAllText(run.RunYaml), "processor:");
        StringAssert.StartsWith(File.ReadAllText(run.MetricsCsv), "step,epoch,learning_rate,train_loss");
        CollectionAssert.AreEqual(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' }, File.ReadAllBytes(run.CurvesPng)[..4]);
        var backbone = OnnxModel.Load(run.Backbone);
        Assert.AreEqual("features", backbone.Graph.Output.Single().Name);
        Assert.IsNull(backbone.FindInitializer("head.weight"));
        Assert.AreEqual("5", backbone.Metadata!.Provenance["seed"]);
        Assert.IsFalse(backbone.Graph.Node.Any(n => n.OpType == "Dropout"), "What is shipped has no drop path.");
    }

    [TestMethod]
    public void Mistakes_AreOneClearLine()
    {
        using var folder = new TempFolder();
        Pretraining.Run(Settings with { Recipe = Settings.Recipe with { Steps = 1 } }, new JobOptions { Output = folder["run"] });
        Fails(Settings, new JobOptions { Output = folder["run"] }, "--resume");
        Fails(Settings, new JobOptions { Output = folder["nothing"], Resume = true }, "no run to resume");
        Fails(Settings with { Backbone = "vit-huge" }, new JobOptions { Output = folder["x"] }, "vit-nano");
        Assert.IsFalse(Directory.Exists(folder["x"]), "Nothing is left half-written.");
    }

    [TestMethod]
    public void DamagedOrForeignCheckpoint_IsRefusedByName()
    {
        using var folder = new TempFolder();
        var settings = Settings with { Recipe = Settings.Recipe with { Steps = 1 } };
        Pretraining.Run(settings, new JobOptions { Output = folder["run"] });
        Pretraining.Run(settings with { Seed = 77 }, new JobOptions { Output = folder["other"] });
        var state = new RunFolder(folder["run"]).CheckpointState;
        var whole = File.ReadAllBytes(state);
        void Refused(byte[] content, string expected)
        {
            File.WriteAllBytes(state, content);
            Fails(settings, new JobOptions { Output = folder["run"], Resume = true }, expected);
            Fails(settings, new JobOptions { Output = folder["run"], Resume = true }, "state.safetensors");
        }

        Refused(whole[..100], "safetensors");
        Refused([], "safetensors");
        Refused(whole[..^1], "safetensors");
        var flipped = (byte[])whole.Clone();
        flipped[^1000] ^= 1;
        Refused(flipped, "damaged");
        Refused(File.ReadAllBytes(new RunFolder(folder["other"]).CheckpointState), "other settings");
        SafeTensorsFile.Write(folder["weights.safetensors"], [TensorProtoExtensions.Float("a", [1], [1f])]);
        Refused(File.ReadAllBytes(folder["weights.safetensors"]), "not a checkpoint");

        File.WriteAllBytes(state, whole);
        Pretraining.Run(settings, new JobOptions { Output = folder["run"], Resume = true });
    }

    [TestMethod]
    public void FolderInUse_IsRefused_AndLeftoversOfKilledRunsAreRemoved()
    {
        using var folder = new TempFolder();
        var settings = Settings with { Recipe = Settings.Recipe with { Steps = 1 } };
        using (new RunFolder(folder["run"]).Claim())
        {
            Fails(settings, new JobOptions { Output = folder["run"] }, "another process");
            // The other's classes are not this one's to write.
            Assert.IsFalse(File.Exists(new RunFolder(folder["run"]).SyntheticSet));
        }

        Directory.CreateDirectory(folder["tuned"]);
        File.WriteAllText(new RunFolder(folder["tuned"]).RunYaml, "verb: finetune\nsettings: {data: photos}\n");
        Fails(settings, new JobOptions { Output = folder["tuned"], Resume = true }, "onefractal finetune --resume");

        var leftover = new RunFolder(folder["run"]).CheckpointState + ".123.partial";
        File.WriteAllText(leftover, "half");
        Pretraining.Run(settings, new JobOptions { Output = folder["run"] });
        Assert.IsFalse(File.Exists(leftover));
    }

    private static void Fails(PretrainingSettings settings, JobOptions options, string expected)
    {
        var error = Assert.Throws<OneFractalException>(() => Pretraining.Run(settings, options));
        StringAssert.Contains(error.Message, expected);
        Assert.DoesNotContain("\n", error.Message);
    }

    private static byte[] Read(string folder) => File.ReadAllBytes(new RunFolder(folder).Backbone);

    private sealed class CancelAt(long step, CancellationTokenSource cancellation) : IProgressReporter, IProgressTask
    {
        public void Message(string text)
        {
        }

        public IProgressTask Start(string title, long total) => this;

        public void Report(long done, string? detail = null)
        {
            if (done == step)
            {
                cancellation.Cancel();
            }
        }

        public void Dispose()
        {
        }
    }
}
