namespace OneFractal.Training;

/// <summary>What changes from step to step.</summary>
/// <param name="Step">Number of the step, from 0.</param>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="Seed">Seed of this step's dropout.</param>
public readonly record struct StepSettings(long Step, double LearningRate, ulong Seed);
