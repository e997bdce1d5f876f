namespace OneFractal.Training;

/// <summary>What a training step measured.</summary>
/// <param name="Loss">Mean cross entropy of the batch, before the step.</param>
/// <param name="GradientNorm">Global norm of the gradient, before clipping.</param>
/// <param name="Correct">Images whose largest logit is at the largest target.</param>
public readonly record struct StepResult(double Loss, double GradientNorm, int Correct);
