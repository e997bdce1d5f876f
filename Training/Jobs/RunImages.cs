namespace OneFractal.Training;

/// <summary>How many images a run had of each kind.</summary>
internal sealed record RunImages
{
    public int Training { get; init; }

    public int Validation { get; init; }

    public int Test { get; init; }

    public static RunImages Of(JobData data) => new() { Training = data.Training.Count, Validation = data.Validation?.Count ?? 0, Test = data.Test?.Count ?? 0 };
}
