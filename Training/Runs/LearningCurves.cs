using ScottPlot;

namespace OneFractal.Training;

/// <summary>Draws <c>curves.png</c>: loss and accuracy over the steps, side by side.</summary>
public static class LearningCurves
{
    private const int Width = 1200;
    private const int Height = 450;

    /// <summary>Draws the curves of one or several runs, each in a colour of its own.</summary>
    /// <param name="path">PNG to write.</param>
    /// <param name="title">What the picture shows.</param>
    /// <param name="runs">Rows by the name of their run.</param>
    public static void Write(string path, string title, IReadOnlyList<(string Name, IReadOnlyList<MetricsRow> Rows)> runs)
    {
        var multiplot = new Multiplot();
        multiplot.AddPlots(2);
        multiplot.Layout = new ScottPlot.MultiplotLayouts.Columns();
        var (loss, accuracy) = (multiplot.GetPlot(0), multiplot.GetPlot(1));
        var palette = new ScottPlot.Palettes.Category10();
        for (var i = 0; i < runs.Count; i++)
        {
            var (name, rows) = runs[i];
            var prefix = runs.Count > 1 ? name + ", " : "";
            Add(loss, rows, r => r.TrainLoss, prefix + "training", palette.GetColor(i), LinePattern.Solid);
            Add(loss, rows, r => r.ValidationLoss, prefix + "validation", palette.GetColor(i), LinePattern.Dashed);
            Add(accuracy, rows, r => 100 * r.TrainAccuracy, prefix + "training", palette.GetColor(i), LinePattern.Solid);
            Add(accuracy, rows, r => 100 * r.ValidationAccuracy, prefix + "validation", palette.GetColor(i), LinePattern.Dashed);
        }

        Finish(loss, $"{title}: loss", "cross entropy", Alignment.UpperRight);
        Finish(accuracy, $"{title}: accuracy", "top-1 accuracy, %", Alignment.LowerRight);
        accuracy.Axes.SetLimitsY(0, 100);
        var png = multiplot.Render(Width, Height).GetImageBytes(ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    private static void Add(
        Plot plot, IReadOnlyList<MetricsRow> rows, Func<MetricsRow, double?> value, string legend, Color color, LinePattern pattern)
    {
        var points = rows.Select(r => (r.Step, Value: value(r))).Where(p => p.Value is { } v && double.IsFinite(v)).ToArray();
        if (points.Length > 0)
        {
            var line = plot.Add.Scatter(points.Select(p => (double)p.Step).ToArray(), points.Select(p => p.Value!.Value).ToArray(), color);
            line.LegendText = legend;
            line.LinePattern = pattern;
            line.LineWidth = 2;
            line.MarkerSize = points.Length > 40 ? 0 : 4;
        }
    }

    private static void Finish(Plot plot, string title, string yLabel, Alignment legend)
    {
        plot.Title(title);
        plot.XLabel("step");
        plot.YLabel(yLabel);
        plot.ShowLegend(legend);
    }
}
