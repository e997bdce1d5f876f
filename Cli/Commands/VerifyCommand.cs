using System.Globalization;
using OneFractal.Cli.Hosting;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;

namespace OneFractal.Cli.Commands;

/// <summary>Runs the same images through every runtime. Exit code 1 when one differs.</summary>
internal sealed class VerifyCommand : Verb<VerifySettings>
{
    /// <inheritdoc />
    protected override int Run(VerifySettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var runtimes = settings.ParseRuntimes();
        if (settings.Job is { } job)
        {
            Verification.RunJob(runtimes![0], job, cancellation);
            return 0;
        }

        if (settings.Install)
        {
            progress.Message($"Packages of Node.js: {NodePackages.Install(settings.NodePackages).Folder}");
        }

        var report = Verification.Run(
            settings.Model,
            new VerificationSettings
            {
                Images = settings.Images,
                Count = settings.Count,
                Tolerance = settings.Tolerance,
                Runtimes = runtimes,
                Device = settings.Device,
                Threads = settings.Threads ?? 0,
                Seed = settings.Seed,
                Locate = settings.Locate,
                NodePackages = settings.NodePackages,
                Command = ThisProgram.Command,
            },
            progress,
            cancellation);
        if (settings.Json)
        {
            JsonOutput.Print(report);
        }
        else
        {
            Print(report);
        }

        return report.Passed ? 0 : 1;
    }

    private static void Print(VerificationReport report)
    {
        Console.WriteLine($"{report.Model} ({report.Precision.ToString().ToLowerInvariant()}) on {report.Images}. A runtime passes with errors up to its tolerance, times the largest value of an output above 1;");
        Console.WriteLine("a relative error is in units of the output, or of the root mean square of its image's where that is larger.");
        foreach (var note in report.Notes)
        {
            Console.WriteLine($"Note: {note}.");
        }

        // Figures are over all outputs.
        var several = report.Runtimes.Any(r => r.Outputs.Count > 1);
        Tables.Print(
            ["runtime", "verdict", "tolerance", "max abs", "mean abs", "max rel", "mean rel", "top-1", "top-5", .. several ? (string[])["worst output"] : []],
            [.. report.Runtimes.Select(r => (string[])
            [
                r.Runtime,
                r.Status.ToString().ToLowerInvariant(),
                Scientific(r.Tolerance),
                Scientific(r.MaxAbsoluteError),
                Scientific(r.MeanAbsoluteError),
                Scientific(r.MaxRelativeError),
                Scientific(r.MeanRelativeError),
                Share(r.Top1Agreement),
                Share(r.Top5Agreement),
                .. several ? (string[])[r.WorstOutput ?? "-"] : [],
            ])]);
        foreach (var runtime in report.Runtimes.Where(r => r.Detail.Length > 0))
        {
            Console.WriteLine($"{runtime.Runtime}: {runtime.Detail}");
        }

        PrintHistograms([.. report.Runtimes.Where(r => r.Histogram is not null)]);
        foreach (var (runtime, difference) in report.Runtimes.Where(r => r.FirstDifference is not null).Select(r => (r.Runtime, r.FirstDifference!)))
        {
            Print(runtime, difference);
        }
    }

    private static void PrintHistograms(RuntimeAgreement[] runtimes)
    {
        if (runtimes.Length == 0)
        {
            return;
        }

        // Sizes that no runtime has are left out.
        int[] bins = [.. Enumerable.Range(0, runtimes[0].Histogram!.Count).Where(i => runtimes.Any(r => r.Histogram![i].Count > 0))];
        Console.WriteLine();
        Tables.Print(
            ["outputs by absolute error", .. bins.Select(i => Name(runtimes[0].Histogram![i]))],
            [.. runtimes.Select(r => (string[])[r.Runtime, .. bins.Select(i => Share((double)r.Histogram![i].Count / r.Histogram!.Sum(b => b.Count)))])]);
    }

    private static void Print(string runtime, FirstDifference d)
    {
        Console.WriteLine();
        Console.WriteLine($"{runtime}: {(d.Node.Length > 0 ? $"first difference at {d.Operator} '{d.Node}'" : "no node found")} ({d.Probes} values compared)");
        Console.WriteLine($"  value           {d.Value} [{string.Join(", ", d.Shape)}], error {Scientific(d.Error)} of its largest");
        Console.WriteLine($"  what it reads   {(d.Before.Count == 0 ? "-" : string.Join(", ", d.Before))}, error {Scientific(d.ErrorBefore)}");
        Console.WriteLine($"  the node alone  error {Scientific(d.ErrorAlone)}");
        Console.WriteLine($"  so              {d.Finding}");
    }

    private static string Name(ErrorBin bin) => bin.To switch
    {
        0 => "0",
        null => $"{Power(bin.From)} and above",
        { } to => $"below {Power(to)}",
    };

    private static string Power(double value) => value.ToString("0e+0", CultureInfo.InvariantCulture);

    private static string Share(double? value) => value is { } share ? $"{(100 * share).ToString("0.##", CultureInfo.InvariantCulture)} %" : "-";

    private static string Scientific(double? value) => value?.ToString("0.0e+0", CultureInfo.InvariantCulture) ?? "-";
}
