using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>One row of <c>mistakes.csv</c>.</summary>
[CsvRecord]
public sealed partial record MistakeRow
{
    /// <summary>The image: its file, or its place in one.</summary>
    [CsvColumn("path")]
    public string Path { get; init; } = "";

    /// <summary>Its class.</summary>
    [CsvColumn("label")]
    public string Label { get; init; } = "";

    /// <summary>The class that it was taken for.</summary>
    [CsvColumn("predicted")]
    public string Predicted { get; init; } = "";

    /// <summary>How sure the classifier was of that.</summary>
    [CsvColumn("probability")]
    public double Probability { get; init; }
}
