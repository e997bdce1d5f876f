using System.Diagnostics;
using OneFractal.Data;
using OneFractal.Data.Fractals;
using OneFractal.Data.Loading;
using OneFractal.Data.Synthesis;
using OneFractal.Inference;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// The whole path in one call: draw fractals, pre-train on them, verify the exported backbone, fine-tune it and the same network
/// from scratch on few labelled images, and test both files through ONNX Runtime.
/// </summary>
public static class Quickstart
{
    private const string FractalsFolder = "fractals";
    private const string FinetuneCurvesFile = "finetune-curves.png";

    /// <summary>Runs, or goes on where a stopped run was.</summary>
    /// <exception cref="OneFractalException">A part failed; the message says which and why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; resuming goes on from the last checkpoint.</exception>
    public static QuickstartReport Run(QuickstartSettings settings, JobOptions options, CancellationToken cancellation = default)
    {
        var start = Stopwatch.GetTimestamp();
        // Asked for first, so that a missing data set does not cost minutes of pre-training.
        using var test = Datasets.Open(settings.Data, DatasetSplit.Test);
        var run = new RunFolder(options.Output);
        if (!options.Resume)
        {
            run.RefuseToOverwrite("quickstart");
        }

        var fractals = FractalSet.Create(settings.Fractals);
        var folder = Path.Combine(options.Output, FractalsFolder);
        var rendered = Synthesizer.Write(folder, fractals, options.Progress, cancellation);
        AtomicFile.Copy(Path.Combine(folder, Synthesizer.ContactSheetFile), Path.Combine(options.Output, Synthesizer.ContactSheetFile));

        var pretraining = Pretraining.Run(
            new PretrainingSettings { Backbone = settings.Backbone, Fractals = settings.Fractals, Recipe = settings.Pretraining, Seed = settings.Seed },
            options with { Resume = run.Exists },
            cancellation);
        options.Progress.Message($"Pre-trained {run.Backbone}; verifying it on every runtime of this machine.");
        var verification = Verification.Run(
            run.Backbone,
            new VerificationSettings { Seed = settings.Seed, Runtimes = [VerificationRuntime.OnnxRuntime, VerificationRuntime.Cuda, VerificationRuntime.TorchSharp, VerificationRuntime.OpenCv] },
            cancellation: cancellation);

        // Measured once: all three runs are to be computed by the same backend, or their figures would not compare.
        var finetuningOptions = options with { Backend = pretraining.Backend };
        var common = new FinetuningSettings
        {
            Data = settings.Data,
            Labelled = settings.Labelled,
            Validation = settings.Validation,
            // Both get the same budget, and validation images are for the curves only.
            Patience = 0,
            ClassWeights = ClassWeighting.None,
            Recipe = settings.Finetuning,
            Seed = settings.Seed,
        };
        var pretrained = Finetune(common with { Backbone = run.Backbone }, "finetune-pretrained");
        var scratch = Finetune(common with { FromScratch = settings.Backbone }, "finetune-scratch");
        LearningCurves.Write(
            Path.Combine(options.Output, FinetuneCurvesFile),
            $"Fine-tuning on {pretrained.Finetuning.TrainingImages} images",
            [("pre-trained", pretrained.Finetuning.Metrics), ("scratch", scratch.Finetuning.Metrics)]);

        using var runner = ModelRunner.Load(pretrained.Finetuning.Run.Classifier, new SessionSettings { Device = options.Device, Threads = options.Threads });
        var latency = LatencyBenchmark.Measure(runner);
        AtomicFile.Copy(pretrained.Finetuning.Run.Classifier, run.Classifier);
        return new QuickstartReport(
            run, pretraining.Backend, rendered.Images, rendered.Elapsed.TotalSeconds, pretraining.Metrics, verification, pretrained, scratch, latency, Stopwatch.GetElapsedTime(start));

        QuickstartStart Finetune(FinetuningSettings finetuning, string name)
        {
            var output = Path.Combine(options.Output, name);
            var result = Finetuning.Run(finetuning, finetuningOptions with { Output = output, ResumedBy = options.Output, Resume = new RunFolder(output).Exists }, cancellation);
            using var classifier = Classifier.Load(result.Run.Classifier, new SessionSettings { Device = options.Device, Threads = options.Threads });
            var loader = new LoaderSettings { Workers = options.Workers };
            return new QuickstartStart(result, TestSet.Evaluate(classifier, test, loader, options.Progress, cancellation));
        }
    }
}
