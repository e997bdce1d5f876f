using System.Security.Cryptography;
using System.Text;
using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Transforms;

namespace OneFractal.Training;

/// <summary>What pre-training and fine-tuning share: the run folder, resuming, the backend and the loop.</summary>
internal static class TrainingJob
{
    private const ulong HeadStream = 0x4EAD;

    /// <summary>
    /// The settings of a run: read from the folder's <c>run.yaml</c> when it is resumed, else <paramref name="given"/>, for a folder in
    /// which no run was started. A resumed run keeps its backend, unless the options name one.
    /// </summary>
    public static (TSettings Settings, JobOptions Options) Resolve<TSettings>(string verb, TSettings given, JobOptions options)
        where TSettings : new()
    {
        var run = new RunFolder(options.Output);
        if (!options.Resume)
        {
            run.RefuseToOverwrite(verb);
            return (given, options);
        }

        if (!run.Exists)
        {
            throw new UsageException($"There is no run to resume in '{options.Output}': it has no run.yaml.");
        }

        var yaml = File.ReadAllText(run.RunYaml);
        // Another verb's settings are none of this one's.
        if (Yaml.Read<RunRecord<Dictionary<string, object>>>(yaml, run.RunYaml).Verb is var other && other != verb)
        {
            throw new UsageException($"'{options.Output}' is a run of '{other}': resume it with 'onefractal {other} --resume {options.Output}'.");
        }

        var record = Yaml.Read<RunRecord<TSettings>>(yaml, run.RunYaml);
        return (record.Settings, options.Backend == BackendKind.Auto ? options with { Backend = record.Backend } : options);
    }

    /// <summary>The backbone with a fresh head, whose weights have a seed of their own within the run's.</summary>
    public static OnnxModel WithFreshHead(OnnxModel backbone, IReadOnlyList<string> labels, ulong runSeed)
    {
        return Backbone.WithHead(backbone, labels, RandomStream.Derive(runSeed, HeadStream));
    }

    /// <summary>
    /// Trains <paramref name="makeModel"/>'s model, or the one a resumed run began with. <paramref name="prepare"/> writes what else a new run keeps in its folder, once no other
    /// process trains there.
    /// </summary>
    public static TrainedModel Run<TSettings>(
        string verb, string title, TSettings settings, TrainingRecipe recipe, ulong seed, Func<OnnxModel> makeModel,
        JobData data, JobOptions options, CancellationToken cancellation, Action? prepare = null)
        where TSettings : new()
    {
        recipe.Validated();
        if (options.Threads > 0)
        {
            global::TorchSharp.torch.set_num_threads(options.Threads);
        }

        var run = new RunFolder(options.Output);
        var model = options.Resume && File.Exists(run.CheckpointModel) ? OnnxModel.Load(run.CheckpointModel) : makeModel();
        using var claim = run.Claim();
        if (!options.Resume)
        {
            // Another process may have begun one since the settings were read.
            run.RefuseToOverwrite(verb);
            prepare?.Invoke();
        }

        var preprocessing = model.Metadata!.Preprocessing;
        var loaderSettings = new LoaderSettings
        {
            BatchSize = recipe.BatchSize, Workers = options.Workers, Seed = seed, Mix = recipe.Augmentation.ToMixSettings(), ClassFactors = data.ClassFactors,
        };
        var loader = new BatchLoader(data.Training, new TrainingTransform(preprocessing, recipe.Augmentation.ToSettings()), loaderSettings);
        BatchLoader? Evaluating(IImageDataset? dataset)
        {
            return dataset is null ? null : new BatchLoader(dataset, new EvaluationTransform(preprocessing), LoaderSettings.ForEvaluation(preprocessing, options.Workers));
        }

        var classes = data.Training.ClassNames.Count;
        var kind = options.Backend;
        if (kind == BackendKind.Auto)
        {
            var choice = BackendChoice.Make(model, recipe, classes, options, cancellation);
            kind = choice.Kind;
            options.Progress.Message(choice.ToString());
        }

        using var backend = BackendChoice.Open(kind, model, recipe, options);
        var yaml = Yaml.Write(settings!);
        if (!options.Resume)
        {
            var record = new RunRecord<TSettings> { Verb = verb, Backend = kind, Settings = settings, Images = RunImages.Of(data), Environment = RunEnvironment.Current(backend) };
            model.Save(run.CheckpointModel);
            AtomicFile.WriteText(run.RunYaml, Yaml.Write(record));
        }

        // A checkpoint belongs to one model and one set of settings.
        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(yaml + model.Fingerprint())));
        var trainer = new Trainer(backend, recipe, data.Patience, classes, seed, run, fingerprint, options.ResumedBy ?? run.Path, options.CheckpointEvery, options.Progress);
        var (metrics, kept) = trainer.Run(title, loader, data.Training.Count, Evaluating(data.Validation), cancellation);
        var test = Evaluating(data.Test) is { } loaderOfTest ? Scoring.Score(backend, loaderOfTest, classes, cancellation) : null;
        return new TrainedModel(backend.Export(), metrics, kept, test, kind);
    }
}
