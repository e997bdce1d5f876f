namespace OneFractal.Evaluation;

/// <summary>What a sweep left.</summary>
/// <param name="Folder">Its files.</param>
/// <param name="Axis">Name of the axis of its plots.</param>
/// <param name="Cells">All its cells.</param>
/// <param name="Rows">The rows of <c>sweep.csv</c>.</param>
/// <param name="Figures">The figures over the seeds.</param>
/// <param name="Comparisons">Each cell against random weights, and controls, at the same place of the grid.</param>
/// <param name="Failures">What failed.</param>
/// <param name="Notes">What was left out, and why.</param>
public sealed record SweepResult(
    SweepFolder Folder,
    string Axis,
    IReadOnlyList<SweepCell> Cells,
    IReadOnlyList<SweepRow> Rows,
    IReadOnlyList<SweepFigures> Figures,
    IReadOnlyList<TransferComparison> Comparisons,
    IReadOnlyList<SweepFailure> Failures,
    IReadOnlyList<string> Notes)
{
    /// <summary>Headers of <see cref="Table"/>.</summary>
    public IReadOnlyList<string> Headers => ["data", "protocol", "series", Axis, "top-1", "seeds", "classes told apart"];

    /// <summary>Figures as cells, under <see cref="Headers"/>: means with the half width of their 95 % interval.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Table(IEnumerable<SweepFigures> figures)
    {
        return [.. figures.Select(f => (string[])
        [
            f.Data, f.Protocol, f.Series, f.X, TransferSummary.Percent(f.Top1), FormattableString.Invariant($"{f.Top1.Count}"),
            f.PretextAccuracy is { } share ? FormattableString.Invariant($"{100 * share:0.0} %") : "-",
        ])];
    }

    /// <summary>The comparisons as cells, under <see cref="TransferSummary.ComparisonHeaders"/>.</summary>
    public IReadOnlyList<IReadOnlyList<string>> ComparisonTable() => new TransferSummary([], Comparisons).ComparisonTable();

    /// <summary>Compares cells at the same place of the grid, seed by seed.</summary>
    internal static IReadOnlyList<TransferComparison> Compare(IEnumerable<SweepCellResult> cells)
    {
        return [.. cells
            .GroupBy(c => c.Cell.Describe(c.Cell.Axes.Keys, withCase: false))
            .SelectMany(place => TransferSummary.Of(place.SelectMany(c => c.Rows.Select(r => r with { Backbone = c.Cell.Name }))).Comparisons)];
    }
}
