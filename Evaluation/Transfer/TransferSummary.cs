namespace OneFractal.Evaluation;

/// <summary>Results over the seeds, and backbones against what they must beat.</summary>
/// <param name="Figures">In the order of the rows.</param>
/// <param name="Comparisons">
/// Each backbone that is not a reference against each reference of its data set and protocol: random weights and controls of the same architecture, or, where
/// there are none of it, all.
/// </param>
public sealed record TransferSummary(IReadOnlyList<TransferFigures> Figures, IReadOnlyList<TransferComparison> Comparisons)
{
    /// <summary>Headers of <see cref="Table"/>.</summary>
    public static IReadOnlyList<string> Headers { get; } =
        ["data", "protocol", "backbone", "top-1", "top-5", "balanced", "macro-F1", "ECE", "training", "images/s"];

    /// <summary>Headers of <see cref="ComparisonTable"/>.</summary>
    public static IReadOnlyList<string> ComparisonHeaders { get; } = ["data", "protocol", "backbone", "against", "top-1 difference", "verdict"];

    /// <summary>Summarises rows.</summary>
    public static TransferSummary Of(IEnumerable<ResultRow> rows)
    {
        // Fine-tuning, probe, kNN, then few-shot by the number of images, whatever the order of the runs was.
        string[] protocols = [.. Enum.GetNames<TransferProtocol>().Select(n => n.ToLowerInvariant())];
        TransferFigures[] figures = [.. rows
            .GroupBy(r => (r.Data, Protocol: Describe(r), r.Backbone))
            .Select(g => new TransferFigures(g.Key.Data, g.Key.Protocol, g.Key.Backbone, [.. g]))];
        string[] data = [.. figures.Select(f => f.Data).Distinct()];
        figures = [.. figures.OrderBy(f => Array.IndexOf(data, f.Data)).ThenBy(f => Array.IndexOf(protocols, f.Rows[0].Protocol)).ThenBy(f => f.Rows[0].Shots)];
        return new TransferSummary(figures, [.. figures.GroupBy(f => (f.Data, f.Protocol)).SelectMany(Compare)]);
    }

    /// <summary>The figures as cells, under <see cref="Headers"/>: means with the half width of their 95 % interval, shares in per cent.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Table()
    {
        return [.. Figures.Select(f => (string[])
        [
            f.Data,
            f.Protocol,
            f.Backbone,
            Percent(f.Of(r => r.Top1)),
            Percent(f.Of(r => r.Top5)),
            Percent(f.Of(r => r.BalancedAccuracy)),
            Percent(f.Of(r => r.MacroF1)),
            Percent(f.Of(r => r.CalibrationError)),
            f.Of(r => r.TrainingSeconds).Mean is > 0 and var seconds ? FormattableString.Invariant($"{seconds:0.0} s") : "-",
            FormattableString.Invariant($"{f.Of(r => r.ImagesPerSecond).Mean:0}"),
        ])];
    }

    /// <summary>The comparisons as cells, under <see cref="ComparisonHeaders"/>, in percentage points.</summary>
    public IReadOnlyList<IReadOnlyList<string>> ComparisonTable()
    {
        return [.. Comparisons.Select(c => (string[])[c.Data, c.Protocol, c.Backbone, c.Reference, Points(c.Difference), c.Verdict])];
    }

    /// <summary>"74.21 ± 0.50 %".</summary>
    internal static string Percent(Interval interval) => FormattableString.Invariant($"{100 * interval.Mean:0.00}{Spread(interval)} %");

    private static string Points(Interval interval) => FormattableString.Invariant($"{100 * interval.Mean:+0.00;-0.00;0.00}{Spread(interval)}");

    private static string Spread(Interval interval) => interval.HalfWidth is { } half ? FormattableString.Invariant($" ± {100 * half:0.00}") : "";

    /// <summary>A row's protocol, for people.</summary>
    internal static string Describe(ResultRow row) => row.Protocol switch
    {
        "finetune" => "fine-tuning",
        "probe" => "linear probe",
        "knn" => "kNN",
        _ => FormattableString.Invariant($"few-shot, {row.Shots} a class"),
    };

    private static IEnumerable<TransferComparison> Compare(IEnumerable<TransferFigures> group)
    {
        var all = group.ToArray();
        static bool IsReference(TransferFigures f) => f.Rows[0].Role != BackboneRole.Candidate.ToString().ToLowerInvariant();
        foreach (var judged in all.Where(f => !IsReference(f)))
        {
            TransferFigures[] references = [.. all.Where(IsReference)];
            TransferFigures[] same = [.. references.Where(f => f.Rows[0].Architecture == judged.Rows[0].Architecture)];
            foreach (var reference in same.Length > 0 ? same : references)
            {
                // The same seed means the same images, so that what they have in common cancels out.
                var differences = judged.Rows.Join(reference.Rows, r => r.Seed, r => r.Seed, (a, b) => a.Top1 - b.Top1).ToArray();
                if (differences.Length > 0)
                {
                    yield return new TransferComparison(judged.Data, judged.Protocol, judged.Backbone, reference.Backbone, Interval.Of(differences));
                }
            }
        }
    }
}
