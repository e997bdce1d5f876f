namespace OneFractal.Training;

/// <summary>Stochastic gradient descent with momentum, plain or Nesterov's, as torch.optim.SGD computes it (no dampening).</summary>
internal sealed class FlatSgd(GraphModule module, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales)
    : FlatOptimizer(module, recipe, learningRateScales)
{
    private readonly FlatState _momentum = module.Parameters.ZerosLike();

    public override IReadOnlyList<(Func<string, string> NameOf, FlatState State)> State => [(StateNames.Momentum, _momentum)];

    protected override void Update(StepSettings settings)
    {
        DecayGradients();
        _momentum.Vector.mul_(Recipe.Momentum).add_(Gradients);
        var direction = Recipe.Nesterov ? Gradients.add_(_momentum.Vector, Recipe.Momentum) : _momentum.Vector;
        Parameters.Vector.add_(Scaled(direction), -settings.LearningRate);
    }
}
