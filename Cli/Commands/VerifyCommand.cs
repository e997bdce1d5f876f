using System.Globalization;
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
        var report = Verification.Run(
            settings.Model,
            new VerificationSettings
            {
                Images = settings.Images,
                Count = settings.Count,
                Tolerance = settings.Tolerance,
                Threads = settings.Threads ?? 0,
                Seed = settings.Seed,
            },
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
        Console.WriteLine($"{report.Model} on {report.Images}; passes up to {Scientific(report.Tolerance)} times the largest output above 1");
        Tables.Print(
            ["runtime", "verdict", "max abs", "mean abs", "max rel", "top-1", ""],
            [.. report.Runtimes.Select(r => (string[])
            [
                r.Runtime,
                r.Status.ToString().ToLowerInvariant(),
                Scientific(r.MaxAbsoluteError),
                Scientific(r.MeanAbsoluteError),
                Scientific(r.MaxRelativeError),
                r.Top1Agreement is { } share ? $"{(100 * share).ToString("0.##", CultureInfo.InvariantCulture)} %" : "-",
                r.Detail,
            ])]);
    }

    private static string Scientific(double? value) => value?.ToString("0.0e+0", CultureInfo.InvariantCulture) ?? "-";
}
