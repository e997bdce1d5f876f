namespace OneFractal.Evaluation;

/// <summary>A point of a sweep's plots.</summary>
/// <param name="Data">Name of the data set.</param>
/// <param name="Protocol">The protocol, for people.</param>
/// <param name="Series">What it is, apart from its place on the axis: the line that it is a point of.</param>
/// <param name="X">Its place on the axis.</param>
/// <param name="Top1">
/// Top-1 accuracy on test images. Over pre-trainings where the grid has several seeds of them, each the mean of its evaluations; else over the seeds of the
/// evaluation.
/// </param>
/// <param name="PretextAccuracy">Mean share of the classes told apart, or null without pre-training.</param>
public sealed record SweepFigures(string Data, string Protocol, string Series, string X, Interval Top1, double? PretextAccuracy)
{
    /// <summary>The points of cells that have ended.</summary>
    internal static IReadOnlyList<SweepFigures> Of(SweepDefinition definition, IEnumerable<SweepCellResult> cells)
    {
        var x = definition.XAxis;
        string[] others = [.. definition.Grid.Keys.Where(a => a != x && SweepAxes.IsParameter(a))];
        return [.. cells
            .SelectMany(c => c.Rows.Select(row => (Cell: c, Row: row)))
            .GroupBy(p => (p.Row.Data, Protocol: TransferSummary.Describe(p.Row), Series: p.Cell.Cell.Describe(others, x != SweepDefinition.CaseAxis), X: p.Cell.Cell.At(x)))
            .Select(g =>
            {
                var pretrainings = g.GroupBy(p => p.Cell).ToArray();
                double[] values = pretrainings.Length > 1
                    ? [.. pretrainings.Select(p => p.Average(r => r.Row.Top1))]
                    : [.. g.Select(p => p.Row.Top1)];
                return new SweepFigures(g.Key.Data, g.Key.Protocol, g.Key.Series, g.Key.X, Interval.Of(values), pretrainings.Average(p => p.Key.PretextAccuracy));
            })];
    }
}
