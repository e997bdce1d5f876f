using System.Globalization;
using OneFractal.Data.Fractals;
using OneFractal.Data.Synthesis;

namespace OneFractal.Training;

/// <summary>
/// Pre-trains a backbone on 1p-frac by telling the perturbed copies of one fractal apart (LPCE; arXiv 2408.00677, section 3). The images are drawn
/// on the fly; no file is read.
/// </summary>
public static class Pretraining
{
    /// <summary>The verb, in <c>run.yaml</c> and in messages.</summary>
    public const string Verb = "pretrain";

    private const ulong HeadStream = 0x4EAD;

    /// <summary>Runs, or resumes, and writes the run folder.</summary>
    /// <exception cref="OneFractalException">A setting is out of range, or the run cannot go on; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run folder holds a checkpoint.</exception>
    public static PretrainingResult Run(PretrainingSettings settings, JobOptions options, CancellationToken cancellation = default)
    {
        settings = TrainingJob.Resolve(Verb, settings, options);
        var run = new RunFolder(options.Output);
        var fractals = FractalSet.Create(settings.Fractals);
        using var dataset = new SyntheticDataset(fractals);
        var (model, metrics, _) = TrainingJob.Run(
            Verb,
            $"Pre-training {settings.Backbone}",
            settings,
            settings.Recipe,
            settings.Seed,
            () => Backbone.WithHead(
                Backbone.Create(settings.Backbone, settings.Seed), dataset.ClassNames, RandomStream.Derive(settings.Seed, HeadStream)),
            new JobData(dataset),
            options,
            cancellation);

        var backbone = ClassificationHead.Detach(model);
        var last = metrics[^1];
        backbone.Metadata = backbone.Metadata! with
        {
            Provenance = new Dictionary<string, string>
            {
                ["pretraining"] = "1p-frac (arXiv 2408.00677), no natural images",
                ["fractals"] = Yaml.Write(settings.Fractals).TrimEnd(),
                ["recipe"] = Yaml.Write(settings.Recipe).TrimEnd(),
                ["seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
                ["pretext_accuracy"] = last.TrainAccuracy.ToString("0.0000", CultureInfo.InvariantCulture),
            },
        };
        backbone.Save(run.Backbone);
        return new PretrainingResult(run, metrics);
    }
}
