using System.Globalization;
using ScottPlot;

namespace OneFractal.Evaluation;

/// <summary>Draws a confusion matrix: a row for each class, coloured by the share of its images in each column.</summary>
internal static class ConfusionPlot
{
    // With more classes, names and numbers would overlap.
    private const int NamesUpTo = 60, NumbersUpTo = 25;
    private const int Cell = 48, LeastSide = 320, LargestSide = 1400, Margin = 260, LongestName = 24;

    /// <summary>Writes the picture as PNG.</summary>
    public static void Write(string path, string title, ConfusionMatrix confusion, IReadOnlyList<string> names)
    {
        using var plot = new Plot();
        var classes = confusion.Classes;
        var shares = new double[classes, classes];
        for (var row = 0; row < classes; row++)
        {
            var images = Math.Max(1, confusion.Actual(row));
            for (var column = 0; column < classes; column++)
            {
                shares[row, column] = confusion.Counts[row][column] / (double)images;
            }
        }

        var map = plot.Add.Heatmap(shares);
        map.Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        map.ManualRange = new ScottPlot.Range(0, 1);
        AddNumbers(plot, confusion, shares);
        AddNames(plot, names);
        plot.Axes.SetLimits(-0.5, classes - 0.5, -0.5, classes - 0.5);
        plot.HideGrid();
        plot.Title(title);
        plot.XLabel("taken for");
        plot.YLabel("class");
        var side = Math.Clamp(Cell * classes, LeastSide, LargestSide) + Margin;
        var png = plot.GetImageBytes(side, side, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    private static void AddNumbers(Plot plot, ConfusionMatrix confusion, double[,] shares)
    {
        if (confusion.Classes > NumbersUpTo)
        {
            return;
        }

        foreach (var (row, counts) in confusion.Counts.Index())
        {
            foreach (var (column, count) in counts.Index().Where(c => c.Item > 0))
            {
                // The first row of a heat map is its top.
                var text = plot.Add.Text(count.ToString(CultureInfo.InvariantCulture), column, confusion.Classes - 1 - row);
                text.LabelAlignment = Alignment.MiddleCenter;
                text.LabelFontColor = shares[row, column] > 0.5 ? Colors.White : Colors.Black;
            }
        }
    }

    private static void AddNames(Plot plot, IReadOnlyList<string> names)
    {
        string[] shown = [.. names.Select(n => n.Length > LongestName ? n[..LongestName] + "…" : n)];
        if (shown.Length > NamesUpTo)
        {
            shown = [.. shown.Select(_ => "")];
        }

        double[] places = [.. Enumerable.Range(0, shown.Length).Select(i => (double)i)];
        plot.Axes.Bottom.SetTicks(places, shown);
        plot.Axes.Left.SetTicks([.. places.Reverse()], shown);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -45;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        using var paint = Paint.NewDisposablePaint();
        plot.Axes.Bottom.MinimumSize = 30 + shown.Max(n => plot.Axes.Bottom.TickLabelStyle.Measure(n, paint).Size.Width) * 0.75f;
    }
}
