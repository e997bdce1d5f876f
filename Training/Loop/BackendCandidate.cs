namespace OneFractal.Training;

/// <summary>A backend that a run could train on.</summary>
/// <param name="Kind">Which one.</param>
/// <param name="Open">Opens it on the run's model, with its initial weights.</param>
internal sealed record BackendCandidate(BackendKind Kind, Func<ITrainingBackend> Open);
