using ScottPlot;

namespace OneFractal.Evaluation;

/// <summary>Our accuracy over a sweep's axis, on the left axis, and the published one on the right.</summary>
internal static class SweepPlot
{
    private const int Width = 1200, Height = 640, CapSize = 6, Beyond = 3;
    private static readonly LinePattern[] Patterns = [LinePattern.Dashed, LinePattern.Dotted];

    /// <summary>Draws a data set and protocol, as PNG.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">What it shows.</param>
    /// <param name="axis">Name of the axis.</param>
    /// <param name="caption">What is written below.</param>
    /// <param name="figures">Our points.</param>
    /// <param name="published">The paper's, or none.</param>
    public static void Write(
        string path, string title, string axis, string caption, IReadOnlyList<SweepFigures> figures, IReadOnlyList<PublishedFigure> published)
    {
        using var plot = new Plot();
        var places = new SweepAxis([.. figures.Select(f => f.X), .. published.Select(p => p.Value)]);
        var palette = new ScottPlot.Palettes.Category10();
        string[] series = [.. figures.Select(f => f.Series).Distinct()];
        // Side by side where the axis has names: markers at the same place would hide each other.
        double Shift(int index) => places.IsNumeric ? 0 : 0.12 * (index - (series.Length + (published.Count > 0 ? 0 : -1)) / 2.0);
        foreach (var (index, name) in series.Index())
        {
            SweepFigures[] points = [.. figures.Where(f => f.Series == name).OrderBy(f => places.Position(f.X))];
            double[] xs = [.. points.Select(p => places.Position(p.X) + Shift(index))];
            double[] ys = [.. points.Select(p => 100 * p.Top1.Mean)];
            var line = plot.Add.Scatter(xs, ys, palette.GetColor(index));
            line.LegendText = name.Length > 0 ? $"ours, {name}" : "ours";
            line.LineWidth = places.IsNumeric ? 2 : 0;
            line.MarkerSize = 9;
            var bars = plot.Add.ErrorBar(xs, ys, [.. points.Select(p => 100 * (p.Top1.HalfWidth ?? 0))]);
            bars.Color = palette.GetColor(index);
            bars.CapSize = CapSize;
        }

        foreach (var (index, group) in published.GroupBy(p => p.Data).Index())
        {
            var points = group.OrderBy(p => places.Position(p.Value)).ToArray();
            var line = plot.Add.Scatter(
                points.Select(p => places.Position(p.Value) + Shift(series.Length)).ToArray(), points.Select(p => p.Top1).ToArray(), Colors.Gray);
            line.Axes.YAxis = plot.Axes.Right;
            line.LegendText = $"published, {group.Key} (right axis)";
            line.LineWidth = places.IsNumeric ? 2 : 0;
            line.LinePattern = Patterns[index % Patterns.Length];
            line.MarkerShape = index == 0 ? MarkerShape.OpenCircle : MarkerShape.OpenSquare;
            line.MarkerSize = 9;
        }

        plot.Axes.Bottom.SetTicks([.. places.Values.Select(places.Position)], [.. places.Values.Select(places.Label)]);
        plot.Title(title);
        plot.YLabel("ours: top-1 accuracy, %");
        plot.XLabel($"{axis}{(places.IsLogarithmic ? " (logarithmic)" : "")}\n{caption}");
        plot.Axes.Bottom.Label.FontSize = 13;
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Margins(0.08, 0.15);
        if (published.Count > 0)
        {
            plot.Axes.Right.Label.Text = "published: top-1 accuracy, %";
        }

        plot.Axes.AutoScale();
        // Intervals of few seeds reach further than accuracy does.
        var limits = plot.Axes.GetLimits();
        plot.Axes.SetLimitsY(Math.Max(limits.Bottom, -Beyond), Math.Min(limits.Top, 100 + Beyond));
        plot.ShowLegend(Edge.Right);
        var png = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }
}
