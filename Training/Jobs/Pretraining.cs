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

    /// <summary>Runs, or resumes, and writes the run folder.</summary>
    /// <exception cref="OneFractalException">A setting is out of range, or the run cannot go on; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run folder holds a checkpoint.</exception>
    public static PretrainingResult Run(PretrainingSettings settings, JobOptions options, CancellationToken cancellation = default)
    {
        (settings, options) = TrainingJob.Resolve(Verb, settings, options);
        var run = new RunFolder(options.Output);
        var source = options.Resume ? SyntheticSets.Load(run.SyntheticSet) : Open(settings, cancellation);
        using var dataset = new SyntheticDataset(source, options.CacheBytes);
        var (model, metrics, _, _, kind) = TrainingJob.Run(
            Verb,
            $"Pre-training {settings.Backbone}",
            settings,
            settings.Recipe,
            settings.Seed,
            () => TrainingJob.WithFreshHead(Backbone.Create(settings.Backbone, settings.Seed, settings.ImageSize), dataset.ClassNames, settings.Seed),
            new JobData(dataset),
            options,
            cancellation,
            // A run that is resumed draws the same classes.
            () => SyntheticSets.Save(run.SyntheticSet, source));

        var backbone = ClassificationHead.Detach(model);
        var last = metrics[^1];
        backbone.Metadata = backbone.Metadata! with
        {
            Provenance = new Dictionary<string, string>
            {
                ["pretraining"] = Describe(source),
                ["recipe"] = Yaml.Write(settings.Recipe).TrimEnd(),
                ["backend"] = kind.OptionValue(),
                ["seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
                ["pretext_accuracy"] = last.TrainAccuracy.ToString("0.0000", CultureInfo.InvariantCulture),
            },
        };
        backbone.Save(run.Backbone);
        return new PretrainingResult(run, metrics, kind);
    }

    private static ISyntheticSource Open(PretrainingSettings settings, CancellationToken cancellation)
    {
        return settings.Set is { } set
            ? SyntheticSets.Load(Directory.Exists(set) ? Path.Combine(set, Synthesizer.SettingsFile) : set)
            : FractalSet.Create(settings.Fractals, cancellation);
    }

    private static string Describe(ISyntheticSource source) => source switch
    {
        FractalSet { Settings.Family: FractalFamily.ManyFractals } set => $"many fractals, no natural images\n{Yaml.Write(set.Settings).TrimEnd()}",
        FractalSet set => $"1p-frac (arXiv 2408.00677), no natural images\n{Yaml.Write(set.Settings).TrimEnd()}",
        RealImageSet set => $"distortions of one image\n{Yaml.Write(set.Settings).TrimEnd()}",
        NoiseSet set => $"noise, a control\n{Yaml.Write(set.Settings).TrimEnd()}",
        _ => source.GetType().Name,
    };
}
