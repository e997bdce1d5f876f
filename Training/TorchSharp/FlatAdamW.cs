using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), as torch.optim.AdamW computes it, on all parameters at once: the vectors of a
/// <see cref="GraphModule"/> make it a dozen passes over memory instead of a dozen calls per parameter, and its state is open to checkpoints.
/// </summary>
internal sealed class FlatAdamW : IDisposable
{
    private const double Epsilon = 1e-8;

    private readonly Tensor _parameters;
    private readonly Tensor _gradients;
    private readonly Tensor _decayMask;
    private readonly TrainingRecipe _recipe;

    public FlatAdamW(GraphModule module, TrainingRecipe recipe)
    {
        (_parameters, _gradients, _recipe) = (module.FlatParameters, module.FlatGradients, recipe);
        FirstMoment = zeros_like(_parameters);
        SecondMoment = zeros_like(_parameters);
        _decayMask = zeros_like(_parameters);
        long offset = 0;
        foreach (var (name, parameter) in module.OrderedParameters)
        {
            if (WeightDecay.Applies(name, (int)parameter.Dimensions))
            {
                using var part = _decayMask.narrow(0, offset, parameter.numel());
                part.fill_(1);
            }

            offset += parameter.numel();
        }
    }

    public Tensor FirstMoment { get; }

    public Tensor SecondMoment { get; }

    /// <summary>Clips the gradient, steps and clears it. Returns the gradient's global norm before clipping.</summary>
    public double Step(StepSettings settings)
    {
        using var noGradient = no_grad();
        using var normTensor = _gradients.norm();
        var norm = normTensor.item<float>();
        if (_recipe.ClipGradient > 0 && norm > _recipe.ClipGradient)
        {
            _gradients.mul_(_recipe.ClipGradient / (norm + 1e-6));
        }

        using (var decay = _decayMask.mul(-settings.LearningRate * _recipe.WeightDecay).add_(1))
        {
            _parameters.mul_(decay);
        }

        var step = settings.Step + 1;
        FirstMoment.mul_(_recipe.Beta1).add_(_gradients, 1 - _recipe.Beta1);
        SecondMoment.mul_(_recipe.Beta2).addcmul_(_gradients, _gradients, 1 - _recipe.Beta2);
        using (var denominator = SecondMoment.sqrt().div_(Math.Sqrt(1 - Math.Pow(_recipe.Beta2, step))).add_(Epsilon))
        {
            _parameters.addcdiv_(FirstMoment, denominator, -settings.LearningRate / (1 - Math.Pow(_recipe.Beta1, step)));
        }

        _gradients.zero_();
        return norm;
    }

    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        _decayMask.Dispose();
    }
}
