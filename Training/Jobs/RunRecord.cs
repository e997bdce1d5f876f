namespace OneFractal.Training;

/// <summary><c>run.yaml</c>: what was asked for, all values resolved, and on what machine it ran.</summary>
/// <typeparam name="TSettings">The kind of run's settings.</typeparam>
internal sealed record RunRecord<TSettings>
    where TSettings : new()
{
    public string Verb { get; init; } = "";

    /// <summary>The backend that the run began with; never <see cref="BackendKind.Auto"/>. Records without it are older than the choice.</summary>
    public BackendKind Backend { get; init; } = BackendKind.TorchSharp;

    public TSettings Settings { get; init; } = new();

    public RunImages Images { get; init; } = new();

    public RunEnvironment Environment { get; init; } = new();
}
