namespace OneFractal.Training;

/// <summary>One way to move parameters, in their place, by their gradients.</summary>
internal interface IParameterUpdate : IDisposable
{
    /// <summary>Global norm of the gradients.</summary>
    /// <exception cref="NotSupportedException">The gradients' graph computes it.</exception>
    double GradientNorm();

    /// <summary>Moves all parameters.</summary>
    /// <param name="settings">Number of the step and learning rate.</param>
    /// <param name="gradientNorm">Global norm of the gradients, for clipping.</param>
    void Step(StepSettings settings, float gradientNorm);
}
