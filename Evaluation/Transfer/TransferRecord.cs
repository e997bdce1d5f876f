using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary><c>run.yaml</c> of a transfer evaluation.</summary>
internal sealed record TransferRecord
{
    public string Verb { get; init; } = "";

    public TransferSettings Settings { get; init; } = new();

    public RunEnvironment Environment { get; init; } = new();
}
