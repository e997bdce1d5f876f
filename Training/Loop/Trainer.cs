using System.Diagnostics;
using System.Globalization;
using OneFractal.Data.Loading;

namespace OneFractal.Training;

/// <summary>The one training loop, for pre-training and fine-tuning and for every backend.</summary>
internal sealed class Trainer(
    ITrainingBackend backend, TrainingRecipe recipe, int patience, int classes, ulong seed, RunFolder run, string fingerprint, string resumedBy, int checkpointEvery, IProgressReporter progress)
{
    private const ulong DropoutStream = 0xD809;
    private const int Rows = 50;
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Trains from the last checkpoint, or from the start, to the recipe's last step, or until the loss on the validation images has not fallen for as many
    /// measurements as patience lasts. With patience and validation images, the backend is left with the best weights. Cancelling writes a checkpoint first.
    /// </summary>
    /// <param name="title">What progress calls the work.</param>
    /// <param name="training">Batches to train on.</param>
    /// <param name="epochLength">Images of the training set.</param>
    /// <param name="validation">Images that are not learnt from but measured by, or null.</param>
    /// <param name="cancellation">Stops after the current step.</param>
    /// <returns>All rows of <c>metrics.csv</c>, and the one of the weights that are kept where those are the best and not the last.</returns>
    /// <exception cref="TrainingException">The loss is no longer a number.</exception>
    public (IReadOnlyList<MetricsRow> Metrics, MetricsRow? Kept) Run(
        string title, BatchLoader training, int epochLength, BatchLoader? validation, CancellationToken cancellation)
    {
        var (step, saved) = Checkpoint.Restore(run, backend, fingerprint);
        var metrics = new MetricsFile(run.MetricsCsv, step);
        var best = patience > 0 && validation is not null ? new BestWeights(patience, metrics.Rows, saved) : null;
        var interval = Math.Max(1, recipe.Steps / Rows);
        var targets = new float[recipe.BatchSize * classes];
        var window = new MetricsWindow();
        var sinceCheckpoint = Stopwatch.StartNew();
        using var task = progress.Start(title, recipe.Steps);
        if (step > 0)
        {
            progress.Message($"Going on after step {step} of {recipe.Steps}.");
        }

        try
        {
            if (metrics.Rows is [.., { ValidationLoss: null } last] && last.Step == step)
            {
                // It was stopped while it measured.
                Measure(last);
            }

            if (!HasEnded())
            {
                var waitedBefore = training.Waited;
                foreach (var batch in training.Stream(step, cancellation))
                {
                    using (batch)
                    {
                        var learningRate = CosineSchedule.LearningRate(recipe, step);
                        var result = Step(batch, targets, step, learningRate);
                        window.Add(result, batch.Count, training.Waited - waitedBefore);
                        waitedBefore = training.Waited;
                        step++;
                        if (step % interval == 0 || step == recipe.Steps)
                        {
                            var row = window.ToRow(step, step * (double)recipe.BatchSize / epochLength, learningRate);
                            metrics.Add(row);
                            Measure(row);
                            window = new MetricsWindow();
                        }
                    }

                    task.Report(step, Describe(metrics.Rows, window));
                    if (HasEnded())
                    {
                        break;
                    }

                    if (checkpointEvery > 0 ? step % checkpointEvery == 0 : sinceCheckpoint.Elapsed > CheckpointInterval)
                    {
                        Checkpoint.Save(run, backend, best, step, fingerprint);
                        sinceCheckpoint.Restart();
                    }

                    cancellation.ThrowIfCancellationRequested();
                }
            }
        }
        catch (OperationCanceledException)
        {
            Checkpoint.Save(run, backend, best, step, fingerprint);
            progress.Message($"Stopped after step {step} of {recipe.Steps}; go on with --resume {resumedBy}");
            throw;
        }

        Checkpoint.Save(run, backend, best, step, fingerprint);
        LearningCurves.Write(run.CurvesPng, title, [(title, metrics.Rows)]);
        if (best?.Row is not { } kept)
        {
            return (metrics.Rows, null);
        }

        best.Apply(backend);
        var early = step < recipe.Steps ? $"Stopped early, after step {step} of {recipe.Steps}: no better for {patience} measurements. " : "";
        progress.Message($"{early}The weights of step {kept.Step} are kept, those of the lowest loss on the validation images.");
        return (metrics.Rows, kept);

        bool HasEnded() => step == recipe.Steps || best is { IsExhausted: true };

        void Measure(MetricsRow row)
        {
            if (validation is not null)
            {
                var measured = Watch(validation, row, cancellation);
                metrics.ReplaceLast(measured);
                best?.Consider(measured, backend);
            }
        }
    }

    private StepResult Step(ImageBatch batch, float[] targets, long step, double learningRate)
    {
        var used = targets.AsSpan(0, batch.Count * classes);
        batch.WriteTargets(used, classes, (float)recipe.LabelSmoothing);
        var settings = new StepSettings(step, learningRate, RandomStream.Derive(seed, DropoutStream, (ulong)step));
        var result = backend.TrainStep(batch.Pixels.Span, used, settings);
        if (!double.IsFinite(result.Loss) || !double.IsFinite(result.GradientNorm))
        {
            throw new TrainingException(string.Create(
                CultureInfo.InvariantCulture,
                $"The {(double.IsFinite(result.Loss) ? "gradient" : "loss")} is no longer a number at step {step + 1} (learning rate {learningRate:0.##e+0}): lower --lr, lengthen --warmup, or set --clip-grad 1. The last checkpoint is untouched."));
        }

        return result;
    }

    private MetricsRow Watch(BatchLoader validation, MetricsRow row, CancellationToken cancellation)
    {
        var score = Scoring.Score(backend, validation, classes, cancellation);
        return row with { ValidationLoss = Math.Round(score.Loss, 5), ValidationAccuracy = Math.Round(score.Accuracy, 5) };
    }

    private static string Describe(IReadOnlyList<MetricsRow> rows, MetricsWindow window)
    {
        var row = rows.Count > 0 ? rows[^1] : null;
        var (loss, accuracy, speed) = row is null
            ? (window.MeanLoss, window.Accuracy, window.ImagesPerSecond)
            : (row.TrainLoss, row.TrainAccuracy, row.ImagesPerSecond);
        var text = string.Create(CultureInfo.InvariantCulture, $"loss {loss:0.000}, accuracy {100 * accuracy:0.0} %, {speed:0} images/s");
        return row?.ValidationAccuracy is { } validation
            ? text + string.Create(CultureInfo.InvariantCulture, $", validation {100 * validation:0.0} %")
            : text;
    }
}
