using OneFractal.Training;
using ScottPlot;

namespace OneFractal.Evaluation;

/// <summary>The pictures of a transfer evaluation, as PNG files.</summary>
internal static class TransferPlots
{
    private const int Width = 1200, Height = 480;
    private const double BarWidth = 0.8;

    /// <summary>Top-1 accuracy on a data set: a group of bars for each protocol, a bar with its interval for each backbone.</summary>
    public static void Accuracy(string path, string data, IReadOnlyList<TransferFigures> figures)
    {
        using var plot = new Plot();
        string[] protocols = [.. figures.Select(f => f.Protocol).Distinct()];
        string[] backbones = [.. figures.Select(f => f.Backbone).Distinct()];
        var palette = new ScottPlot.Palettes.Category10();
        var width = BarWidth / backbones.Length;
        foreach (var (i, backbone) in backbones.Index())
        {
            var bars = figures.Where(f => f.Backbone == backbone).Select(f =>
            {
                var interval = f.Of(r => 100 * r.Top1);
                return new Bar
                {
                    Position = Array.IndexOf(protocols, f.Protocol) + (i - (backbones.Length - 1) / 2.0) * width,
                    Value = interval.Mean,
                    Error = interval.HalfWidth ?? 0,
                    Size = width,
                    FillColor = palette.GetColor(i),
                };
            });
            plot.Add.Bars(bars.ToArray()).LegendText = backbone;
        }

        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, protocols.Length).Select(p => (double)p)], protocols);
        plot.Axes.SetLimits(-0.6, protocols.Length - 0.4, 0, 100);
        plot.Title($"{data}: top-1 accuracy on test images, mean over seeds with its 95 % interval");
        plot.YLabel("top-1 accuracy, %");
        plot.ShowLegend(Alignment.UpperRight);
        Save(plot, path);
    }

    /// <summary>Fine-tuning on a data set over the steps, a colour for each backbone, averaged over its seeds.</summary>
    public static void Curves(string path, string data, IEnumerable<(string Backbone, IReadOnlyList<MetricsRow>[] Seeds)> runs)
    {
        LearningCurves.Write(path, $"Fine-tuning on {data}", [.. runs.Select(r => (r.Backbone, Mean(r.Seeds)))]);
    }

    /// <summary>The rows that all seeds have, averaged.</summary>
    private static IReadOnlyList<MetricsRow> Mean(IReadOnlyList<MetricsRow>[] seeds)
    {
        return [.. seeds.SelectMany(rows => rows).GroupBy(r => r.Step).Where(g => g.Count() == seeds.Length).OrderBy(g => g.Key).Select(g => g.First() with
        {
            TrainLoss = g.Average(r => r.TrainLoss),
            TrainAccuracy = g.Average(r => r.TrainAccuracy),
            ValidationLoss = g.Average(r => r.ValidationLoss),
            ValidationAccuracy = g.Average(r => r.ValidationAccuracy),
        })];
    }

    private static void Save(Plot plot, string path)
    {
        var png = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }
}
