using CsvHelper;

namespace OneFractal.Evaluation;

/// <summary>A row of <c>failures.csv</c>: a pre-training or a cell that failed.</summary>
[CsvRecord]
public sealed partial record SweepFailure
{
    /// <summary>Its key.</summary>
    [CsvColumn("key")]
    public string Key { get; init; } = "";

    /// <summary>What people call it.</summary>
    [CsvColumn("name")]
    public string Name { get; init; } = "";

    /// <summary>Why, in one line.</summary>
    [CsvColumn("error")]
    public string Error { get; init; } = "";
}
