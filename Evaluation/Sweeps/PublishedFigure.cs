using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>A row of <c>published.csv</c>: a figure of the paper.</summary>
[CsvRecord]
internal sealed partial record PublishedFigure
{
    /// <summary>The setting that was changed, or <c>case</c>.</summary>
    [CsvColumn("parameter")]
    public string Parameter { get; init; } = "";

    /// <summary>What was pre-trained on, where the figure is of one kind of it.</summary>
    [CsvColumn("source")]
    public string Source { get; init; } = "";

    /// <summary>The setting's value, or the name of the case.</summary>
    [CsvColumn("value")]
    public string Value { get; init; } = "";

    /// <summary>The data set that was fine-tuned on.</summary>
    [CsvColumn("data")]
    public string Data { get; init; } = "";

    /// <summary>Top-1 accuracy in per cent.</summary>
    [CsvColumn("top1")]
    public double Top1 { get; init; }
}
