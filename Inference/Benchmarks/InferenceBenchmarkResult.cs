namespace OneFractal.Inference;

/// <summary>What <see cref="InferenceBenchmark"/> measured.</summary>
/// <param name="Environment">On what.</param>
/// <param name="Sessions">Each model on each device with each number of threads.</param>
/// <param name="Runs">Those at each batch size and binding.</param>
/// <param name="Scenarios">Those under load.</param>
/// <param name="Notes">What was left out, and why.</param>
public sealed record InferenceBenchmarkResult(
    BenchmarkEnvironment Environment,
    IReadOnlyList<SessionFigures> Sessions,
    IReadOnlyList<InferenceFigures> Runs,
    IReadOnlyList<ScenarioFigures> Scenarios,
    IReadOnlyList<string> Notes);
