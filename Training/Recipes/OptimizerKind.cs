namespace OneFractal.Training;

/// <summary>How gradients become steps.</summary>
public enum OptimizerKind
{
    /// <summary>AdamW (arXiv 1711.05101).</summary>
    AdamW,

    /// <summary>Stochastic gradient descent with momentum, as torch.optim.SGD.</summary>
    Sgd,
}
