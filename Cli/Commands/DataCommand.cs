using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Data.Fetching;
using OneFractal.Data.Inspection;

namespace OneFractal.Cli.Commands;

/// <summary>Looks through a data set, or downloads one.</summary>
internal sealed class DataCommand : Verb<DataSettings>
{
    private const int ShownClasses = 20;
    private const int ShownSizes = 5;

    /// <inheritdoc />
    protected override int Run(DataSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        if (settings.Action == DataAction.Fetch)
        {
            Console.WriteLine(DatasetFetcher.FetchAsync(settings.Dataset, settings.Output ?? "data", progress, cancellation).GetAwaiter().GetResult());
            return 0;
        }

        Print(DatasetInspector.Inspect(settings.Dataset, settings.Output, progress: progress, cancellation: cancellation));
        if (settings.Output is not null)
        {
            Console.WriteLine($"Samples: {settings.Output}");
        }

        return 0;
    }

    private static void Print(DatasetReport report)
    {
        Tables.Print(
            ["split", "images", "grey", "sizes", "mean R G B", "std R G B"],
            [.. report.Splits.Select(split => (string[])[
                split.Split.ToString().ToLowerInvariant(),
                split.Images.ToString(CultureInfo.InvariantCulture),
                split.Grey.ToString(CultureInfo.InvariantCulture),
                Sizes(split),
                Triple(split.Mean),
                Triple(split.Std)])]);
        Console.WriteLine();
        Tables.Print(
            ["class", .. report.Splits.Select(split => split.Split.ToString().ToLowerInvariant())],
            [.. report.ClassNames.Take(ShownClasses).Select((name, label) =>
                (string[])[name, .. report.Splits.Select(split => split.ImagesPerClass[label].ToString(CultureInfo.InvariantCulture))])]);
        if (report.ClassNames.Count > ShownClasses)
        {
            Console.WriteLine($"... and {report.ClassNames.Count - ShownClasses} more of {report.ClassNames.Count} classes.");
        }

        foreach (var warning in report.Warnings)
        {
            Console.WriteLine($"Warning: {warning}");
        }
    }

    private static string Sizes(SplitReport split)
    {
        var shown = split.Sizes.Take(ShownSizes).Select(size => $"{size.Width}x{size.Height} ({size.Images})");
        return string.Join(", ", shown) + (split.Sizes.Count > ShownSizes ? $" and {split.Sizes.Count - ShownSizes} more" : "");
    }

    private static string Triple(IReadOnlyList<double> values) => string.Join(' ', values.Select(value => value.ToString("0.0000", CultureInfo.InvariantCulture)));
}
