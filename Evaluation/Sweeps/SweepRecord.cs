using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary><c>sweep.yaml</c>.</summary>
internal sealed record SweepRecord
{
    public string Verb { get; init; } = "";

    /// <summary>Added to the seed of every cell.</summary>
    public ulong Seed { get; init; }

    public SweepDefinition Sweep { get; init; } = new();

    public RunEnvironment Environment { get; init; } = new();
}
