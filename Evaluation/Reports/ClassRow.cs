using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>One row of <c>classes.csv</c>.</summary>
[CsvRecord]
public sealed partial record ClassRow
{
    /// <summary>Name of the class.</summary>
    [CsvColumn("class")]
    public string Class { get; init; } = "";

    /// <summary>Its test images.</summary>
    [CsvColumn("images")]
    public int Images { get; init; }

    /// <summary>Images that were taken for it.</summary>
    [CsvColumn("predicted")]
    public int Predicted { get; init; }

    /// <summary>Share of those that are of it; empty where there are none.</summary>
    [CsvColumn("precision")]
    public double? Precision { get; init; }

    /// <summary>Share of its images that were taken for it; empty where it has none.</summary>
    [CsvColumn("recall")]
    public double? Recall { get; init; }

    /// <summary>Harmonic mean of both; empty where it has no images and was never predicted.</summary>
    [CsvColumn("f1")]
    public double? F1 { get; init; }

    /// <summary>The rows of all classes.</summary>
    internal static IEnumerable<ClassRow> Of(ConfusionMatrix confusion, IReadOnlyList<string> names)
    {
        return names.Select((name, c) => new ClassRow
        {
            Class = name,
            Images = confusion.Actual(c),
            Predicted = confusion.Predicted(c),
            Precision = Rounded(confusion.Precision(c)),
            Recall = Rounded(confusion.Recall(c)),
            F1 = Rounded(confusion.F1(c)),
        });
    }

    private static double? Rounded(double value) => double.IsNaN(value) ? null : Math.Round(value, 5);
}
