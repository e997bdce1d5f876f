using System.Globalization;
using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>The paper's figures, to be drawn beside ours.</summary>
internal static class PublishedFigures
{
    /// <summary>Where they come from, and at what scale.</summary>
    public const string Origin =
        "\"Scaling Backwards: Minimal Synthetic Pre-training?\" (ECCV 2024, arXiv 2408.00677), ViT-Tiny; 1p-frac is 80,000 epochs of 1,000 images; full fine-tuning, best epoch";

    private static readonly PublishedFigure[] All = Read();

    /// <summary>Those of an axis that concern what a sweep pre-trains on; of cases, those that the sweep has too.</summary>
    public static IReadOnlyList<PublishedFigure> For(string axis, IReadOnlyList<SweepCell> cells)
    {
        return [.. All.Where(p => p.Parameter == axis && (axis == SweepDefinition.CaseAxis
            ? cells.Any(c => c.Case == p.Value)
            : cells.Any(c => c.Settings.Source.ToString().Equals(p.Source, StringComparison.OrdinalIgnoreCase))))];
    }

    /// <summary>Whether two values of an axis are the same: as numbers, or as text.</summary>
    public static bool IsSame(string a, string b)
    {
        return Number(a) is { } x && Number(b) is { } y ? x == y : a.Equals(b, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A value as a number, or null.</summary>
    public static double? Number(string text)
    {
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
    }

    private static PublishedFigure[] Read()
    {
        using var stream = typeof(PublishedFigures).Assembly.GetManifestResourceStream("published.csv")!;
        using var text = new StreamReader(stream);
        using var reader = CsvReader.FromText(text.ReadToEnd());
        return [.. reader.GetRecords<PublishedFigure>()];
    }
}
