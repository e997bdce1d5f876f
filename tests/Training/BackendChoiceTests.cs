using System.Text.RegularExpressions;
using OneFractal.Common;
using OneFractal.Data.Fractals;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Tests.Cli;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

/// <summary>Which backend a run takes when none is named. Torch's random generator is one for the process, so these do not run beside others.</summary>
[TestClass]
[DoNotParallelize]
public sealed partial class BackendChoiceTests
{
    private const int Classes = 3;

    private static readonly Preprocessing Input = new(1, 2, 2);
    private static readonly TrainingRecipe Recipe = new() { Steps = BackendChoice.MeasuredFrom, BatchSize = 4 };

    private readonly FakeTime _time = new();
    private int _open;

    [TestMethod]
    public void TheFaster_IsTaken_AndBothFiguresAreGiven()
    {
        var (slow, fast) = (new FakeBackend(this, 0.62), new FakeBackend(this, 0.31));
        Assert.AreEqual("Backend: onnxruntime (0.31 s a step; torchsharp 0.62 s)", Choose(Recipe, () => slow, () => fast).ToString());
        Assert.AreEqual("Backend: torchsharp (31.0 ms a step; onnxruntime 62.0 ms)", Choose(Recipe, () => new FakeBackend(this, 0.031), () => new FakeBackend(this, 0.062)).ToString());
        Assert.AreEqual(Recipe.BatchSize * 4, fast.Pixels);
        Assert.AreEqual(Recipe.BatchSize * Classes, fast.Targets);
        Assert.AreEqual(0, _open, "What was measured is freed.");
    }

    [TestMethod]
    public void TheFirstSteps_DoNotCount()
    {
        // 1 s for each of two steps, then 0.1 s a step, against 0.2 s a step from the start.
        var choice = Choose(Recipe, () => new FakeBackend(this, 0.2), () => new FakeBackend(this, 0.1, warmUp: 1));
        Assert.AreEqual("Backend: onnxruntime (0.10 s a step; torchsharp 0.20 s)", choice.ToString());
    }

    [TestMethod]
    [DataRow(0.01, 7)]
    [DataRow(1.0, 5)]
    [DataRow(60.0, 3)]
    public void Measuring_IsBoundedInTimeAndSteps(double seconds, int steps)
    {
        var backend = new FakeBackend(this, seconds);
        Choose(Recipe, () => backend, () => new FakeBackend(this, 1e-3));
        Assert.AreEqual(steps, backend.Steps);
    }

    [TestMethod]
    public void AShortRun_IsNotMeasured()
    {
        var backend = new FakeBackend(this, 1);
        var choice = Choose(Recipe with { Steps = BackendChoice.MeasuredFrom - 1 }, () => backend, () => throw new TrainingException("It is not even opened."));
        Assert.AreEqual("Backend: torchsharp (not measured: 99 steps are too few)", choice.ToString());
        Assert.AreEqual(0, backend.Steps);
        Assert.AreEqual(0, _open);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(1000)]
    public void WhereOneCannotTrain_TheOtherIsTaken_AndTheLineSaysWhy(int steps)
    {
        var choice = Choose(Recipe with { Steps = steps }, () => throw new ModelException("'m': Foo is unknown."), () => new FakeBackend(this, 0.5));
        Assert.AreEqual(BackendKind.OnnxRuntime, choice.Kind);
        StringAssert.EndsWith(choice.ToString(), "; torchsharp cannot train this: 'm': Foo is unknown)");
        var neither = Assert.ThrowsExactly<ModelException>(() => Choose(Recipe, () => throw new ModelException("a"), () => throw new TrainingException("b")));
        Assert.AreEqual("a", neither.Message);
    }

    [TestMethod]
    public void Cancelling_StopsMeasuring()
    {
        using var cancellation = new CancellationTokenSource();
        var backend = new FakeBackend(this, 0.1) { AfterStep = cancellation.Cancel };
        Assert.ThrowsExactly<OperationCanceledException>(() => Choose(Recipe, () => backend, () => backend, cancellation.Token));
        Assert.AreEqual(1, backend.Steps);
        Assert.AreEqual(0, _open);
    }

    [TestMethod]
    public void WhatOnnxRuntimeCannotTrain_GoesToTorchSharp()
    {
        var model = TestModels.Small();
        Assert.AreEqual("Backend: torchsharp (onnxruntime computes in float32 only)", Choose(model, Recipe with { Precision = Precision.BFloat16 }).ToString());
        Assert.AreEqual("Backend: torchsharp (onnxruntime does not follow --accumulate)", Choose(model, Recipe with { Accumulation = 2 }).ToString());

        // The gradient graph has no rule for Atan; torch has.
        var node = model.Graph.Node.Single(n => n.Output[0] == model.Graph.Output[0].Name);
        model.Graph.Node.Add(new NodeProto { OpType = "Atan", Input = { node.Output[0] }, Output = { "turned" } });
        model.Graph.Output[0].Name = "turned";
        var choice = Choose(model, Recipe);
        Assert.AreEqual(BackendKind.TorchSharp, choice.Kind, choice.ToString());
        Assert.MatchesRegex(@"^Backend: torchsharp \([\d.]+ m?s a step; onnxruntime cannot train this: .*Atan.*\)$", choice.ToString());
    }

    [TestMethod]
    public void ARunThatChose_EqualsOneThatNamedTheSame_AndKeepsItsChoice()
    {
        using var folder = new TempFolder();
        var settings = new PretrainingSettings
        {
            Fractals = new FractalSetSettings { Classes = 4, Render = new RenderSettings { Size = 48, Points = 3000 } },
            Recipe = new TrainingRecipe { Steps = BackendChoice.MeasuredFrom, BatchSize = 4, DropPath = 0.2 },
        };
        var progress = new Lines();
        var chosen = Pretraining.Run(settings, new JobOptions { Output = folder["auto"], Progress = progress });
        var line = Line().Match(progress.Messages.Single(m => m.StartsWith("Backend", StringComparison.Ordinal)));
        Assert.IsTrue(line.Success, string.Join('\n', progress.Messages));
        Assert.AreEqual(chosen.Backend.OptionValue(), line.Groups[1].Value);
        StringAssert.Contains(File.ReadAllText(chosen.Run.RunYaml), $"\nbackend: {chosen.Backend}\n");
        var backbone = OnnxModel.Load(chosen.Run.Backbone);
        Assert.AreEqual(chosen.Backend.OptionValue(), backbone.Metadata!.Provenance["backend"]);

        var named = Pretraining.Run(settings, new JobOptions { Output = folder["named"], Backend = chosen.Backend, Progress = progress });
        Assert.AreEqual(backbone.Fingerprint(), OnnxModel.Load(named.Run.Backbone).Fingerprint());
        foreach (var kind in new[] { BackendKind.OnnxRuntime, BackendKind.TorchSharp })
        {
            var run = Pretraining.Run(settings, new JobOptions { Output = folder[$"{kind}"], Backend = kind, Progress = progress });
            Assert.AreEqual(kind, Pretraining.Run(settings, new JobOptions { Output = run.Run.Path, Resume = true, Progress = progress }).Backend);
        }

        Assert.HasCount(1, progress.Messages.Where(m => m.StartsWith("Backend", StringComparison.Ordinal)).ToArray(), "What is named or resumed is not measured.");
        // Naming one moves a run to it.
        var moved = new JobOptions { Output = folder[$"{BackendKind.TorchSharp}"], Resume = true, Backend = BackendKind.OnnxRuntime };
        Assert.AreEqual(BackendKind.OnnxRuntime, Pretraining.Run(settings, moved).Backend);
    }

    private static BackendChoice Choose(OnnxModel model, TrainingRecipe recipe)
    {
        return BackendChoice.Make(model, recipe, classes: 2, new JobOptions { Output = "", Device = ComputeDevice.Cpu }, CancellationToken.None);
    }

    private BackendChoice Choose(TrainingRecipe recipe, Func<ITrainingBackend> torch, Func<ITrainingBackend> onnx, CancellationToken cancellation = default)
    {
        ITrainingBackend Alone(Func<ITrainingBackend> open)
        {
            Assert.AreEqual(0, _open, "The other's memory is free.");
            var backend = open();
            _open++;
            return backend;
        }

        return BackendChoice.Make(
            [new(BackendKind.TorchSharp, () => Alone(torch)), new(BackendKind.OnnxRuntime, () => Alone(onnx))], recipe, Input, Classes, _time, cancellation);
    }

    [GeneratedRegex(@"^Backend: (\w+) \([\d.]+ m?s a step; (?:torchsharp|onnxruntime) [\d.]+ m?s\)$")]
    private static partial Regex Line();

    /// <summary>A backend that only takes time, by the test's clock.</summary>
    private sealed class FakeBackend(BackendChoiceTests test, double seconds, double? warmUp = null) : ITrainingBackend
    {
        public int Steps { get; private set; }

        public int Pixels { get; private set; }

        public int Targets { get; private set; }

        public Action? AfterStep { get; init; }

        public string Name => "";

        public string Device => "";

        public StepResult TrainStep(ReadOnlySpan<float> pixels, ReadOnlySpan<float> targets, StepSettings settings)
        {
            test._time.Advance(Steps < 2 ? warmUp ?? seconds : seconds);
            (Steps, Pixels, Targets) = (Steps + 1, pixels.Length, targets.Length);
            AfterStep?.Invoke();
            return default;
        }

        public void Evaluate(ReadOnlySpan<float> pixels, Span<float> logits) => throw new NotSupportedException();

        public IReadOnlyDictionary<string, TensorProto> SaveState() => throw new NotSupportedException();

        public void RestoreState(IReadOnlyDictionary<string, TensorProto> state) => throw new NotSupportedException();

        public OnnxModel Export() => throw new NotSupportedException();

        public void Dispose() => test._open--;
    }

    /// <summary>Keeps messages.</summary>
    private sealed class Lines : IProgressReporter
    {
        public List<string> Messages { get; } = [];

        public void Message(string text) => Messages.Add(text);

        public IProgressTask Start(string title, long total) => NullProgress.Instance;
    }
}
