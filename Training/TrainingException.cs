namespace OneFractal.Training;

/// <summary>Training that cannot start or go on: one line that says at which step, why, and what to change.</summary>
public sealed class TrainingException(string message, Exception? inner = null) : OneFractalException(message, inner);
