using System.Globalization;
using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Training;

/// <summary>Fine-tunes all weights of a backbone on labelled images, and writes a classifier that needs nothing but its file.</summary>
public static class Finetuning
{
    /// <summary>The verb, in <c>run.yaml</c> and in messages.</summary>
    public const string Verb = "finetune";

    private const ulong SubsetStream = 0x5B5E7;

    /// <summary>Runs, or resumes, and writes the run folder.</summary>
    /// <exception cref="OneFractalException">The data or the model cannot be used; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run folder holds a checkpoint.</exception>
    public static FinetuningResult Run(FinetuningSettings settings, JobOptions options, CancellationToken cancellation = default)
    {
        (settings, options) = TrainingJob.Resolve(Verb, settings, options);
        RequireOneStart(settings);

        var run = new RunFolder(options.Output);
        using var train = Open(settings, DatasetSplit.Train, run, options, cancellation);
        using var test = Open(settings, DatasetSplit.Test, run, options, cancellation);
        // Only what was asked for is taken from the training images.
        using var own = settings.Validation is null && Datasets.HasValidation(settings.Data) ? Open(settings, DatasetSplit.Validation, run, options, cancellation) : null;
        var (training, validation) = Divide(train, own, settings);
        settings = FinetuningDefaults.Resolve(settings, training, validation, options.Progress);
        var trained = Train(settings, new JobData(training, validation, test), options, cancellation);
        return new FinetuningResult(run, settings, trained.Metrics, trained.Kept, trained.Test!, training.Count, validation?.Count ?? 0, trained.Backend);
    }

    /// <summary>
    /// Fine-tunes on images that the caller has divided, or goes on with the run in the folder, and writes the run folder; a run that has ended is left as it
    /// is. Nothing is tested.
    /// </summary>
    /// <param name="settings">Where to start from and how; which images there are, and how many, they do not decide here.</param>
    /// <param name="training">What to learn from; it stays the caller's to dispose.</param>
    /// <param name="validation">What it is measured on, or null; it stays the caller's to dispose.</param>
    /// <param name="options">The run folder, and where to compute.</param>
    /// <param name="cancellation">Stops after the current step, with a checkpoint.</param>
    /// <inheritdoc cref="Run" path="/exception" />
    public static TrainingOutcome Train(
        FinetuningSettings settings, IImageDataset training, IImageDataset? validation, JobOptions options, CancellationToken cancellation = default)
    {
        var run = new RunFolder(options.Output);
        if (File.Exists(run.Classifier))
        {
            return new TrainingOutcome(run.ReadMetrics(), Yaml.Read<RunRecord<FinetuningSettings>>(File.ReadAllText(run.RunYaml), run.RunYaml).Backend);
        }

        options = options with { Resume = run.Exists };
        (settings, options) = TrainingJob.Resolve(Verb, settings, options);
        RequireOneStart(settings);
        settings = FinetuningDefaults.Resolve(settings, training, validation, options.Progress);
        var trained = Train(settings, new JobData(training, validation), options, cancellation);
        return new TrainingOutcome(trained.Metrics, trained.Backend);
    }

    private static void RequireOneStart(FinetuningSettings settings)
    {
        if (settings.Backbone is null == settings.FromScratch is null)
        {
            throw new UsageException("Give either a backbone file (--backbone) or --from-scratch with the name of an architecture.");
        }
    }

    private static TrainedModel Train(FinetuningSettings settings, JobData data, JobOptions options, CancellationToken cancellation)
    {
        var run = new RunFolder(options.Output);
        var trained = TrainingJob.Run(
            Verb,
            $"Fine-tuning {(settings.Backbone is null ? settings.FromScratch + " from scratch" : Path.GetFileName(settings.Backbone))}",
            settings,
            settings.Recipe!,
            settings.Seed,
            () => TrainingJob.WithFreshHead(LoadBackbone(settings, options.Progress), data.Training.ClassNames, settings.Seed),
            data with { ClassFactors = settings.ClassFactors, Patience = settings.Patience!.Value },
            options,
            cancellation);

        var (model, score) = (trained.Model, trained.Test);
        var provenance = new Dictionary<string, string>(model.Metadata!.Provenance)
        {
            ["finetuning_data"] = $"{data.Training.Count} images of {Path.GetFileName(Path.TrimEndingDirectorySeparator(settings.Data))}",
            ["finetuning_recipe"] = Yaml.Write(settings.Recipe!).TrimEnd(),
            ["finetuning_backend"] = trained.Backend.OptionValue(),
            ["finetuning_seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
        };
        if (score is not null)
        {
            provenance["test_accuracy"] = score.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);
            provenance["test_images"] = score.Count.ToString(CultureInfo.InvariantCulture);
        }

        model.Metadata = model.Metadata with { Provenance = provenance };
        // The classifier last: where it is, the run has ended.
        AtomicFile.WriteText(Path.ChangeExtension(run.Classifier, ".json"), model.Metadata.ToJson());
        model.Save(run.Classifier);
        return trained;
    }

    /// <summary>Opens images of a run as the run itself does: bad ones fail or are left out as its settings say. The caller disposes them.</summary>
    /// <inheritdoc cref="Run" path="/exception" />
    public static IImageDataset Open(
        FinetuningSettings settings, DatasetSplit split, RunFolder run, JobOptions options, CancellationToken cancellation = default)
    {
        var list = Path.Combine(run.Path, $"bad-images-{split.ToString().ToLowerInvariant()}.csv");
        return Datasets.Open(settings.Data, split, settings.OnBadImage, list, options.Progress, cancellation);
    }

    /// <summary>The images to learn from, and those to be measured on: <paramref name="own"/> where the data set names them, else what is held out.</summary>
    private static (IImageDataset Training, IImageDataset? Validation) Divide(IImageDataset train, IImageDataset? own, FinetuningSettings settings)
    {
        var validation = settings.Validation ?? 0;
        var labelled = settings.Labelled ?? train.Count - validation;
        if (labelled < train.ClassNames.Count || labelled + validation > train.Count)
        {
            throw new UsageException(
                $"{labelled} labelled and {validation} validation images of {train.Count} in {train.ClassNames.Count} classes do not go: lower --labelled or --validation, but keep one image a class.");
        }

        var seed = RandomStream.Derive(settings.Seed, SubsetStream);
        var training = labelled == train.Count ? train : SubsetDataset.Stratified(train, labelled, seed);
        if (settings.Validation is null)
        {
            return own is null ? FinetuningDefaults.HoldOut(training, seed) : (training, own);
        }

        return (training, validation == 0 ? null : SubsetDataset.Stratified(((SubsetDataset)training).Rest(), validation, seed));
    }

    private static OnnxModel LoadBackbone(FinetuningSettings settings, IProgressReporter progress)
    {
        return settings.Backbone is { } file
            ? StartingModel.Load(file, settings.Foreign, progress)
            : Backbone.Create(settings.FromScratch!, settings.Seed, StartingModel.SizeAlone(settings.Foreign, "An architecture says itself"));
    }
}
