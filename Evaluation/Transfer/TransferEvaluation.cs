using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// Does pre-training transfer? Runs every backbone on every data set by every protocol with every seed, at the same budget and on the same images, and writes
/// one folder. Settings are chosen on validation images, never on test images.
/// </summary>
public static class TransferEvaluation
{
    /// <summary>The verb, in <c>run.yaml</c> and in messages.</summary>
    public const string Verb = "evaluate";

    private const int MistakesKept = 12;

    /// <summary>
    /// Does what is not done yet of what <paramref name="settings"/> ask for, in a folder that may hold results of this and of other settings: a run that has
    /// ended is never repeated.
    /// </summary>
    /// <param name="settings">What to run.</param>
    /// <param name="options">The folder, and where to compute; to resume is to take the settings from the folder.</param>
    /// <param name="cancellation">Stops where the same call goes on.</param>
    /// <exception cref="OneFractalException">Something cannot be used; what can be checked is, before anything runs.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what has ended is kept, and a training goes on from its checkpoint.</exception>
    public static TransferResult Run(TransferSettings settings, JobOptions options, CancellationToken cancellation = default)
    {
        var folder = new TransferFolder(options.Output);
        RefuseOtherRuns(folder);
        settings = (options.Resume ? Recorded(folder) : settings).Validated();
        var progress = options.Progress;
        var backbones = settings.Backbones.Select(b => TransferBackbone.Open(b, settings.Foreign, progress)).ToArray();
        if (!backbones.Any(b => b.IsForeign))
        {
            StartingModel.SizeAlone(settings.Foreign, "All backbones say themselves");
        }

        var data = new List<TransferData>();
        try
        {
            foreach (var source in settings.Data)
            {
                data.Add(TransferData.Open(source, settings, options, cancellation));
            }

            var plan = Plan(settings, backbones, data);
            AtomicFile.WriteText(folder.RunYaml, Yaml.Write(new TransferRecord
            {
                Verb = Verb, Settings = settings, Environment = RunEnvironment.Current(options.Device.ToString()),
            }));
            var results = Execute(settings, plan, folder, options, cancellation);
            var result = new TransferResult(folder, results, TransferSummary.Of(results.Select(r => r.Row)));
            TransferReport.Write(settings, backbones, data, result);
            return result;
        }
        finally
        {
            data.ForEach(d => d.Dispose());
        }
    }

    private static TransferSettings Recorded(TransferFolder folder)
    {
        return File.Exists(folder.RunYaml)
            ? Yaml.Read<TransferRecord>(File.ReadAllText(folder.RunYaml), folder.RunYaml).Settings
            : throw new UsageException($"There is no evaluation to resume in '{folder.Path}': it has no run.yaml.");
    }

    private static void RefuseOtherRuns(TransferFolder folder)
    {
        if (File.Exists(folder.RunYaml) && File.ReadLines(folder.RunYaml).FirstOrDefault() != $"verb: {Verb}")
        {
            throw new UsageException($"'{folder.Path}' holds a run of another verb: choose another folder with --output.");
        }
    }

    private static List<TransferRun> Plan(TransferSettings settings, TransferBackbone[] backbones, List<TransferData> data)
    {
        var plan = new List<TransferRun>();
        foreach (var images in data)
        {
            foreach (var backbone in backbones)
            {
                foreach (var seed in settings.AllSeeds)
                {
                    foreach (var protocol in settings.Protocols)
                    {
                        int?[] shots = protocol == TransferProtocol.Fewshot ? [.. settings.Shots.Select(n => (int?)n)] : [null];
                        foreach (var n in shots)
                        {
                            // A class that is too small is told before anything runs.
                            _ = n is null ? null : images.Split(seed, n);
                            plan.Add(new TransferRun(backbone, images, protocol, n, seed, RunIdentity.Of(settings, backbone, images, protocol, n, seed).ToKey()));
                        }
                    }
                }
            }
        }

        return plan;
    }

    private static List<RunResult> Execute(
        TransferSettings settings, List<TransferRun> plan, TransferFolder folder, JobOptions options, CancellationToken cancellation)
    {
        var file = new ResultsFile(folder.ResultsCsv);
        var recorded = file.Read().Select(r => r.Key).ToHashSet();
        var results = new List<RunResult>();
        FrozenProtocols? frozen = null;
        FinetuneProtocol? finetune = null;
        TransferRun? before = null;
        using var task = options.Progress.Start("Evaluating", plan.Count);
        try
        {
            foreach (var run in plan)
            {
                cancellation.ThrowIfCancellationRequested();
                if (before?.Backbone != run.Backbone || before.Data != run.Data)
                {
                    finetune = null;
                }

                if (finetune is null || before!.Backbone.WeightsSeed(before.Seed) != run.Backbone.WeightsSeed(run.Seed))
                {
                    frozen?.Dispose();
                    frozen = null;
                }

                finetune ??= new FinetuneProtocol(settings, run.Backbone, run.Data, folder, options);
                before = run;
                var result = folder.Find(run.Key);
                if (result is null)
                {
                    var split = run.Data.Split(run.Seed, run.Shots);
                    var outcome = run.Protocol switch
                    {
                        TransferProtocol.Finetune => finetune.Run(run.Seed, split, cancellation),
                        TransferProtocol.Probe => Frozen().Probe(split, settings.Refit, cancellation),
                        TransferProtocol.Knn => Frozen().NearestNeighbours(split, cancellation),
                        // "n labelled images a class" is what it learns from.
                        _ => Frozen().Probe(split, refit: false, cancellation),
                    };
                    result = ToResult(run, outcome);
                    // First the file of its own: a row that is lost or torn is made from it again.
                    folder.Save(result);
                }

                if (recorded.Add(run.Key))
                {
                    file.Append(result.Row);
                }

                results.Add(result);
                task.Report(results.Count, FormattableString.Invariant($"{run}: top-1 {100 * result.Row.Top1:0.0} %"));

                FrozenProtocols Frozen() => frozen ??= new FrozenProtocols(settings, run.Backbone, run.Data, run.Seed, options);
            }
        }
        catch (OperationCanceledException)
        {
            options.Progress.Message($"Stopped after {results.Count} of {plan.Count} runs; the same command goes on, or 'onefractal {Verb} --resume {folder.Path}'.");
            throw;
        }
        finally
        {
            frozen?.Dispose();
        }

        return results;
    }

    private static RunResult ToResult(TransferRun run, ProtocolOutcome outcome)
    {
        var labels = run.Data.TestLabels;
        var scores = TestScores.Of(outcome.Predictions, labels);
        var row = new ResultRow
        {
            Key = run.Key,
            Backbone = run.Backbone.Name,
            Role = run.Backbone.Role.ToString().ToLowerInvariant(),
            Architecture = run.Backbone.Architecture,
            Data = run.Data.Source.Name,
            Protocol = run.Protocol.ToString().ToLowerInvariant(),
            Shots = run.Shots,
            Seed = run.Seed,
            TrainingImages = outcome.TrainingImages,
            ValidationImages = outcome.ValidationImages,
            TestImages = labels.Length,
            Steps = outcome.Steps,
            LearningRate = outcome.LearningRate,
            WeightDecay = outcome.WeightDecay,
            L2 = outcome.L2,
            Top1 = scores.Top1,
            Top5 = scores.Top5,
            BalancedAccuracy = scores.Confusion.BalancedAccuracy,
            MacroF1 = scores.Confusion.MacroF1,
            CalibrationError = scores.CalibrationError,
            LastEpoch = outcome.LastEpoch,
            ValidationAccuracy = outcome.ValidationAccuracy,
            BestEpoch = outcome.BestEpoch,
            BestValidationAccuracy = outcome.BestValidationAccuracy,
            TrainingSeconds = Math.Round(outcome.TrainingSeconds, 3),
            ImagesPerSecond = Math.Round(outcome.ImagesPerSecond, 1),
            Backend = outcome.Backend,
            Machine = Machine.Description,
            Finished = DateTime.UtcNow,
        };
        return new RunResult(row, scores.Confusion.Counts, scores.Calibration, Mistakes(outcome.Predictions, labels), outcome.Training);
    }

    private static IReadOnlyList<Mistake> Mistakes(ImagePredictions predictions, int[] labels)
    {
        var mistakes = new SurestMistakes(MistakesKept);
        foreach (var (i, label) in labels.Index())
        {
            var row = predictions.Row(i);
            var predicted = LogitRow.ArgMax(row);
            if (predicted != label)
            {
                mistakes.Add(new Mistake(i, label, predicted, row[predicted]));
            }
        }

        return mistakes.ToList();
    }
}
