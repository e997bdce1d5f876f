using OneFractal.Data.Readers;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// Full fine-tuning of a backbone on a data set. Learning rate and weight decay are chosen once, on the validation images of the first seed, and kept for the
/// others; a training that was done to choose and is needed again is not repeated.
/// </summary>
internal sealed class FinetuneProtocol(TransferSettings settings, TransferBackbone backbone, TransferData data, TransferFolder folder, JobOptions options)
{
    private TrainingRecipe? _chosen;

    // What is faster is measured once, so that the speeds of the seeds can be compared.
    private BackendKind? _measured;

    public ProtocolOutcome Run(ulong seed, LabelledSplit split, CancellationToken cancellation)
    {
        var recipe = _chosen ??= Choose(cancellation);
        var (run, metrics, backend) = settings.Refit
            ? Train(recipe, seed, split.All, [], cancellation)
            : Train(recipe, seed, split.Training, split.Validation, cancellation);
        using var outputs = new ModelOutputs(OnnxModel.Load(run.Classifier), data.Test, options);
        var logits = outputs.All($"Testing {backbone.Name}, fine-tuned on {data.Source.Name}", cancellation);
        var (last, best) = (metrics[^1], metrics.MaxBy(r => r.ValidationAccuracy)!);
        var seconds = Seconds(metrics, recipe.BatchSize);
        return new ProtocolOutcome(
            ImagePredictions.FromLogits(logits.Values, data.Classes),
            settings.Refit ? split.All.Length : split.Training.Length,
            settings.Refit ? 0 : split.Validation.Length)
        {
            Steps = recipe.Steps,
            LearningRate = recipe.LearningRate,
            WeightDecay = recipe.WeightDecay,
            LastEpoch = last.Epoch,
            ValidationAccuracy = last.ValidationAccuracy,
            BestEpoch = settings.Refit ? null : best.Epoch,
            BestValidationAccuracy = best.ValidationAccuracy,
            TrainingSeconds = seconds,
            ImagesPerSecond = recipe.Steps * (double)recipe.BatchSize / seconds,
            Backend = backend.OptionValue(),
            Training = Path.GetFileName(run.Path),
        };
    }

    /// <summary>The time of the steps alone, whatever interrupted them.</summary>
    private static double Seconds(IReadOnlyList<MetricsRow> metrics, int batchSize)
    {
        return metrics.Zip(metrics.Select(r => r.Step).Prepend(0), (row, before) => (row.Step - before) * batchSize / row.ImagesPerSecond).Sum();
    }

    /// <summary>The recipe of the best accuracy at the end on the first seed's validation images; of equally accurate ones, that of the lower loss.</summary>
    private TrainingRecipe Choose(CancellationToken cancellation)
    {
        var recipes = settings.Recipes();
        if (recipes.Count == 1)
        {
            return recipes[0];
        }

        var split = data.Split(settings.Seed, shots: null);
        var tried = new List<(TrainingRecipe Recipe, MetricsRow Last)>();
        foreach (var recipe in recipes)
        {
            try
            {
                tried.Add((recipe, Train(recipe, settings.Seed, split.Training, split.Validation, cancellation).Metrics[^1]));
            }
            catch (TrainingException e)
            {
                // Too large a learning rate is one that is not chosen.
                options.Progress.Message(FormattableString.Invariant($"{backbone.Name} on {data.Source.Name}, learning rate {recipe.LearningRate}: {e.Message}"));
            }
        }

        if (tried.Count == 0)
        {
            throw new OneFractalException($"{backbone.Name} on {data.Source.Name} cannot be trained with any learning rate of --lr-choices: choose lower ones.");
        }

        var chosen = tried.MaxBy(t => (t.Last.ValidationAccuracy, -t.Last.ValidationLoss)).Recipe;
        options.Progress.Message(FormattableString.Invariant(
            $"{backbone.Name} on {data.Source.Name}: learning rate {chosen.LearningRate} and weight decay {chosen.WeightDecay}, chosen on {split.Validation.Length} validation images."));
        return chosen;
    }

    private (RunFolder Run, IReadOnlyList<MetricsRow> Metrics, BackendKind Backend) Train(
        TrainingRecipe recipe, ulong seed, int[] training, int[] validation, CancellationToken cancellation)
    {
        var start = backbone.Start(data, recipe, seed);
        // What decides the result, up to rounding; where files lie does not.
        var name = RunKey.Of(string.Join('\n', backbone.Identity, data.Identity, Yaml.Write(recipe), seed, string.Join(',', training), string.Join(',', validation)));
        var run = new RunFolder(folder.Training(name));
        var (metrics, backend) = Finetuning.Train(
            start,
            new SubsetDataset(data.Pool, training),
            validation.Length == 0 ? null : new SubsetDataset(data.Pool, validation),
            options with { Output = run.Path, Backend = options.Backend == BackendKind.Auto ? _measured ?? BackendKind.Auto : options.Backend, ResumedBy = folder.Path, Resume = false },
            cancellation);
        _measured = backend;
        run.DiscardCheckpoint();
        return (run, metrics, backend);
    }
}
