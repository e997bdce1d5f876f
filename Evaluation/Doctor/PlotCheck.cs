using ScottPlot;

namespace OneFractal.Evaluation;

/// <summary>Text in plots, which needs a font.</summary>
internal static class PlotCheck
{
    private const string Name = "Plots";
    private const string Hint = "On Debian and Ubuntu: sudo apt-get install fonts-dejavu-core";

    public static Check Text { get; } = new(Name, Render, FindingStatus.Missing, Hint);

    // Without a font nothing is drawn, or the same box for every letter: then the two words look the same.
    private static Finding Render()
    {
        return Title("WWWW").AsSpan().SequenceEqual(Title("iiii"))
            ? new Finding(Name, FindingStatus.Missing, "No font: plots come without text", Hint)
            : new Finding(Name, FindingStatus.Ok, $"text is drawn with {Fonts.Default}");
    }

    private static byte[] Title(string text)
    {
        using var plot = new Plot();
        plot.Title(text);
        return plot.GetImageBytes(200, 150);
    }
}
