using CsvHelper;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// Runs every cell of a sweep, and writes one folder. A pre-training is shared by the cells that differ in their evaluation alone; what has ended is never done
/// again, whichever sweep in that folder asked for it, and what was stopped or killed goes on from its checkpoint. Tables and report are of the last sweep.
/// </summary>
public static class Sweep
{
    /// <summary>The verb, in <c>sweep.yaml</c> and in messages.</summary>
    public const string Verb = "sweep";

    private const string WholeSweep = "sweep";

    /// <summary>Does what is not done yet.</summary>
    /// <param name="definition">The sweep; not used where the options say to resume.</param>
    /// <param name="seed">Added to the seed of every cell.</param>
    /// <param name="jobs">Parts at a time, which share the threads.</param>
    /// <param name="worker">Does them; null for this process, with one job.</param>
    /// <param name="options">The folder, and what to compute with; to resume is to take the sweep from the folder.</param>
    /// <param name="cancellation">Stops where the same call goes on.</param>
    /// <exception cref="OneFractalException">The sweep cannot be run. A part that fails is in the result instead.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what has ended is kept.</exception>
    public static SweepResult Run(
        SweepDefinition definition, ulong seed, int jobs, ISweepWorker? worker, JobOptions options, CancellationToken cancellation = default)
    {
        var folder = new SweepFolder(Path.GetFullPath(options.Output));
        (definition, seed) = Resolve(definition, seed, folder, options.Resume);
        var plan = SweepPlan.Make(definition, seed, folder, cancellation);
        using var claim = folder.Claim(WholeSweep, wait: false, cancellation);
        foreach (var note in plan.Notes)
        {
            options.Progress.Message(note);
        }

        AtomicFile.WriteText(folder.SweepYaml, Yaml.Write(new SweepRecord
        {
            Verb = Verb, Seed = seed, Sweep = definition, Environment = RunEnvironment.Current(options.Device.ToString()),
        }));
        foreach (var part in plan.Parts)
        {
            AtomicFile.WriteText(folder.PartYaml(part.Key), Yaml.Write(part));
        }

        var failures = Execute(plan, folder, jobs, worker ?? new SweepInProcess(), options with { Output = folder.Path, Resume = false }, cancellation);
        WriteFailures(folder, failures);
        var cells = Ended(plan, folder);
        var rows = WriteRows(folder, cells);
        var result = new SweepResult(folder, definition.XAxis, plan.Cells, rows, SweepFigures.Of(definition, cells), SweepResult.Compare(cells), failures, plan.Notes);
        SweepReport.Write(definition, plan, result);
        return result;
    }

    /// <summary>Does one part of a sweep that <see cref="Run"/> has written to the folder, unless it is done.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="options">The sweep's folder, and what to compute with.</param>
    /// <param name="cancellation">Stops where the same call goes on.</param>
    /// <exception cref="OneFractalException">It failed, or there is no such part.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void RunPart(string key, JobOptions options, CancellationToken cancellation = default)
    {
        var folder = new SweepFolder(options.Output);
        var part = folder.ReadPart(key);
        using var claim = folder.Claim(key, wait: true, cancellation);
        if (folder.IsDone(part))
        {
            return;
        }

        if (part.Pretraining is { } pretraining)
        {
            pretraining.Do(options with { Output = folder.Pretraining(key).Path, ResumedBy = folder.Path }, cancellation);
        }
        else
        {
            TransferEvaluation.Run(part.Evaluation!, options with { Output = folder.Cell(key).Path, Resume = false }, cancellation);
        }
    }

    /// <summary>What <see cref="Run"/> would do, and about how long it takes. Nothing is written.</summary>
    /// <inheritdoc cref="Run" path="/param" />
    /// <exception cref="OneFractalException">The sweep cannot be run.</exception>
    public static SweepPreview Preview(SweepDefinition definition, ulong seed, JobOptions options, CancellationToken cancellation = default)
    {
        var folder = new SweepFolder(Path.GetFullPath(options.Output));
        (definition, seed) = Resolve(definition, seed, folder, options.Resume);
        var plan = SweepPlan.Make(definition, seed, folder, cancellation);
        var left = Left(plan, folder);
        return new SweepPreview(
            [.. plan.Cells.Select(c => (c, !left.Any(p => p.Key == c.Key)))],
            plan.Parts.Count(p => p.Pretraining is not null),
            left.Count(p => p.Pretraining is not null),
            plan.Parts.Count(p => p.Evaluation is not null),
            left.Count(p => p.Evaluation is not null),
            SweepEstimate.Make(plan, left, options, cancellation),
            plan.Notes);
    }

    /// <summary>The sweep of the call, or that of the folder.</summary>
    private static (SweepDefinition Definition, ulong Seed) Resolve(SweepDefinition definition, ulong seed, SweepFolder folder, bool resume)
    {
        if (!resume)
        {
            return (definition, seed);
        }

        var record = File.Exists(folder.SweepYaml)
            ? Yaml.Read<SweepRecord>(File.ReadAllText(folder.SweepYaml), folder.SweepYaml)
            : throw new UsageException($"There is no sweep to resume in '{folder.Path}': it has no sweep.yaml.");
        return (record.Sweep, record.Seed);
    }

    private static List<SweepFailure> Execute(
        SweepPlan plan, SweepFolder folder, int jobs, ISweepWorker worker, JobOptions options, CancellationToken cancellation)
    {
        var share = Share(options, jobs);
        var failures = new List<SweepFailure>();
        var left = Left(plan, folder);
        if (left.Count < plan.Parts.Count)
        {
            options.Progress.Message($"{plan.Parts.Count - left.Count} of {plan.Parts.Count} parts are done already.");
        }

        using var task = options.Progress.Start("Sweeping", left.Count);
        var ended = 0;
        try
        {
            new SweepSchedule(left, plan.Parts.Select(p => p.Key).Except(left.Select(p => p.Key))).Run(
                jobs,
                part => worker.Do(part.Key, share, line => task.Report(ended, $"{part.Name}: {line}"), cancellation),
                (part, error) =>
                {
                    task.Report(++ended, part.Name);
                    if (error is not null)
                    {
                        failures.Add(new SweepFailure { Key = part.Key, Name = part.Name, Error = error });
                        options.Progress.Message($"{part.Name} failed: {error}");
                    }
                    else if (part.Evaluation is not null)
                    {
                        WriteRows(folder, Ended(plan, folder));
                    }
                },
                cancellation);
        }
        catch (OperationCanceledException)
        {
            options.Progress.Message($"Stopped after {ended} of {left.Count} parts; the same command goes on, or 'onefractal {Verb} --resume {folder.Path}'.");
            throw;
        }

        return failures;
    }

    /// <summary>What is to be done; a pre-training is not where all its cells are done.</summary>
    private static IReadOnlyList<SweepPart> Left(SweepPlan plan, SweepFolder folder)
    {
        SweepPart[] left = [.. plan.Parts.Where(p => !folder.IsDone(p))];
        return [.. left.Where(p => p.Pretraining is null || left.Any(other => other.Needs == p.Key))];
    }

    /// <summary>What one of several jobs computes with.</summary>
    private static JobOptions Share(JobOptions options, int jobs)
    {
        var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        return jobs == 1 ? options : options with { Threads = Math.Max(1, threads / jobs), Workers = Math.Max(1, options.Workers / jobs) };
    }

    private static List<SweepCellResult> Ended(SweepPlan plan, SweepFolder folder)
    {
        var parts = plan.Parts.ToDictionary(p => p.Key);
        return [.. plan.Cells.Where(c => folder.IsDone(parts[c.Key])).Select(c => new SweepCellResult(
            c,
            c.PretrainingKey is { } key ? PretextAccuracy(folder.Pretraining(key)) : null,
            new ResultsFile(folder.Cell(c.Key).ResultsCsv).Read()))];
    }

    /// <summary>Unknown where the folder was removed, to save space; no cell that has ended needs it.</summary>
    private static double? PretextAccuracy(RunFolder run) => File.Exists(run.MetricsCsv) ? run.ReadMetrics()[^1].TrainAccuracy : null;

    private static IReadOnlyList<SweepRow> WriteRows(SweepFolder folder, IEnumerable<SweepCellResult> cells)
    {
        SweepRow[] rows = [.. cells.SelectMany(c => c.Rows.Select(r => SweepRow.Of(c, r)))];
        AtomicFile.Write(folder.SweepCsv, stream =>
        {
            using var writer = CsvWriter.Create(stream, leaveOpen: true);
            writer.WriteRecords(rows);
        });
        return rows;
    }

    private static void WriteFailures(SweepFolder folder, List<SweepFailure> failures)
    {
        if (failures.Count == 0)
        {
            File.Delete(folder.FailuresCsv);
            return;
        }

        AtomicFile.Write(folder.FailuresCsv, stream =>
        {
            using var writer = CsvWriter.Create(stream, leaveOpen: true);
            writer.WriteRecords(failures);
        });
    }
}
