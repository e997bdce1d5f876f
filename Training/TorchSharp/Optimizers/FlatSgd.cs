using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>Stochastic gradient descent with momentum, plain or Nesterov's, as torch.optim.SGD computes it (no dampening).</summary>
internal sealed class FlatSgd(GraphModule module, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales)
    : FlatOptimizer(module, recipe, learningRateScales)
{
    private readonly FlatState _momentum = module.Parameters.ZerosLike();

    public override IReadOnlyList<(Func<string, string> NameOf, FlatState State)> State => [(StateNames.Momentum, _momentum)];

    protected override void Update(Bucket bucket, Tensor parameters, Tensor gradient, double learningRate, double decay, long step)
    {
        if (decay > 0)
        {
            gradient.add_(parameters, decay);
        }

        using var momentum = bucket.Of(_momentum);
        momentum.mul_(Recipe.Momentum).add_(gradient);
        var direction = Recipe.Nesterov ? gradient.add_(momentum, Recipe.Momentum) : momentum;
        parameters.add_(direction, -learningRate);
    }
}
