using System.Globalization;
using OneFractal.Cli.Hosting;
using OneFractal.Cli.Output;
using OneFractal.Evaluation;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Pre-trains and evaluates over a grid of settings.</summary>
internal sealed class SweepCommand : Verb<Settings.SweepSettings>
{
    /// <inheritdoc />
    protected override int Run(Settings.SweepSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var job = settings.ResolveJob(Sweep.Verb, progress);
        if (settings.Part is { } part)
        {
            RunPart(part, settings.StopWithInput, job, cancellation);
            return 0;
        }

        var definition = settings.ToDefinition();
        if (settings.DryRun)
        {
            Print(Sweep.Preview(definition, settings.Seed, job, cancellation));
            return 0;
        }

        var worker = settings.Jobs > 1 ? new SweepProcesses(ThisProgram.Command) : null;
        var result = Sweep.Run(definition, settings.Seed, settings.Jobs, worker, job, cancellation);
        Tables.Print(result.Headers, SweepResult.Table(result.Figures));
        Console.WriteLine();
        if (result.Comparisons.Count > 0)
        {
            Tables.Print(TransferSummary.ComparisonHeaders, result.ComparisonTable());
            Console.WriteLine();
        }

        Console.WriteLine($"Everything is in {result.Folder.Path}: open {result.Folder.ReportHtml}; one row a result in {result.Folder.SweepCsv}.");
        if (result.Failures.Count == 0)
        {
            return 0;
        }

        throw new OneFractalException(
            $"{result.Failures.Count} of the parts failed, the first, {result.Failures[0].Name}: {result.Failures[0].Error} All are in '{result.Folder.FailuresCsv}'; the same command tries them again.");
    }

    private static void RunPart(string key, bool stopWithInput, JobOptions job, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (stopWithInput)
        {
            _ = Task.Factory.StartNew(
                () =>
                {
                    using var input = Console.OpenStandardInput();
                    while (input.ReadByte() >= 0)
                    {
                    }

                    stop.Cancel();
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }

        Sweep.RunPart(key, job, stop.Token);
    }

    private static void Print(SweepPreview preview)
    {
        Tables.Print(
            ["cell", "key", "pre-training", "state"],
            [.. preview.Cells.Select(c => (string[])[c.Cell.Name, c.Cell.Key, c.Cell.PretrainingKey ?? "-", c.Done ? "done" : "to do"])]);
        Console.WriteLine();
        foreach (var note in preview.Notes)
        {
            Console.WriteLine(note);
        }

        Console.WriteLine(
            $"{preview.Cells.Count} cells, which are {preview.Evaluations} evaluations ({preview.EvaluationsLeft} to do) of {preview.Pretrainings} pre-trainings ({preview.PretrainingsLeft} to do).");
        var estimate = preview.Estimate;
        if (estimate.Speeds.Count > 0)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"About {Format(estimate.Time)} here, from a few steps of each network ({string.Join("; ", estimate.Speeds.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Network}: {s.ImagesPerSecond:0} images/s on {s.Backend.OptionValue()}")))}), which --backend auto may shorten; fits of probes and reading images are not counted."));
        }

        if (estimate.Unknown.Count > 0)
        {
            Console.WriteLine($"There is no estimate for the weights of files: {string.Join("; ", estimate.Unknown)}.");
        }
    }

    private static string Format(TimeSpan time)
    {
        return time.TotalHours >= 2 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.0} hours")
            : time.TotalMinutes >= 2 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} minutes")
            : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} seconds");
    }
}
