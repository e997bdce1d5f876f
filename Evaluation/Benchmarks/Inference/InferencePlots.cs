using ScottPlot;

namespace OneFractal.Evaluation;

/// <summary>The pictures of an inference benchmark, as PNG files.</summary>
internal static class InferencePlots
{
    private const int ColumnWidth = 620, Width = 1000, Height = 520, MostColumns = 4;

    /// <summary>The distribution of times at each batch size: for every time, the share of runs that took no longer.</summary>
    public static void Latency(string path, InferenceBenchmarkResult result)
    {
        int[] batches = [.. result.Runs.Select(r => r.Batch).Distinct().Order().Take(MostColumns)];
        var multiplot = new Multiplot();
        multiplot.AddPlots(batches.Length);
        multiplot.Layout = new ScottPlot.MultiplotLayouts.Columns();
        foreach (var (column, batch) in batches.Index())
        {
            var plot = multiplot.GetPlot(column);
            InferenceFigures[] runs = [.. result.Runs.Where(r => r.Batch == batch)];
            foreach (var run in runs)
            {
                double[] sorted = [.. run.Milliseconds.Order()];
                double[] shares = [.. Enumerable.Range(1, sorted.Length).Select(i => 100.0 * i / sorted.Length)];
                // Every value is a step, also the first.
                var line = plot.Add.Scatter((double[])[sorted[0], .. sorted], (double[])[0, .. shares], ColorOf(result, run));
                line.ConnectStyle = ConnectStyle.StepHorizontal;
                line.MarkerSize = 0;
                line.LineWidth = 2;
                line.LinePattern = run.Binding == IoBinding.Bound ? LinePattern.Solid : LinePattern.Dotted;
                line.LegendText = $"{Name(result, run)}, {run.Binding.ToString().ToLowerInvariant()}";
            }

            plot.Title($"Batch {batch}: {runs.Min(r => r.Latency.Count)} runs or more each");
            plot.XLabel("time of a run, ms");
            plot.YLabel("share of runs that took no longer, %");
            // A single outlier would squeeze all others into a line.
            plot.Axes.SetLimits(0.95 * runs.Min(r => r.Latency.Min), 1.02 * runs.Max(r => Math.Min(r.Latency.Max, 2 * r.Latency.P99)), 0, 101);
            plot.ShowLegend(Alignment.LowerRight);
        }

        var png = multiplot.Render(ColumnWidth * batches.Length, Height).GetImageBytes(ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>Images a second over batch sizes.</summary>
    public static void Throughput(string path, InferenceBenchmarkResult result)
    {
        using var plot = new Plot();
        var axis = new SweepAxis(result.Runs.Select(r => $"{r.Batch}"));
        foreach (var series in result.Runs.GroupBy(r => (r.Model, r.Device, r.Threads, r.Binding)))
        {
            InferenceFigures[] runs = [.. series.OrderBy(r => r.Batch)];
            var line = plot.Add.Scatter(
                runs.Select(r => axis.Position($"{r.Batch}")).ToArray(), runs.Select(r => r.ImagesPerSecond).ToArray(), ColorOf(result, runs[0]));
            line.LineWidth = 2;
            line.MarkerSize = 8;
            line.LinePattern = series.Key.Binding == IoBinding.Bound ? LinePattern.Solid : LinePattern.Dotted;
            line.LegendText = $"{Name(result, runs[0])}, {series.Key.Binding.ToString().ToLowerInvariant()}";
        }

        plot.Axes.Bottom.SetTicks([.. axis.Values.Select(axis.Position)], [.. axis.Values]);
        plot.Title("Throughput over batch size");
        plot.XLabel(axis.IsLogarithmic ? "images in a run (logarithmic)" : "images in a run");
        plot.YLabel("images a second");
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsY(0, 1.1 * result.Runs.Max(r => r.ImagesPerSecond));
        plot.ShowLegend(Edge.Right);
        var png = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    private static Color ColorOf(InferenceBenchmarkResult result, InferenceFigures run)
    {
        var session = result.Sessions.Index().First(s => (s.Item.Model, s.Item.Device, s.Item.Threads) == (run.Model, run.Device, run.Threads)).Index;
        return new ScottPlot.Palettes.Category10().GetColor(session);
    }

    /// <summary>The model, and device and threads where there are several.</summary>
    private static string Name(InferenceBenchmarkResult result, InferenceFigures run)
    {
        var device = result.Sessions.Select(s => s.Device).Distinct().Count() > 1 ? $", {run.Device}" : "";
        var threads = result.Sessions.Select(s => s.Threads).Distinct().Count() > 1 ? $", {(run.Threads > 0 ? run.Threads : "auto")} threads" : "";
        return $"{run.Model}{device}{threads}";
    }
}
