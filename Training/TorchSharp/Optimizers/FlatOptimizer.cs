using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// An optimizer on all parameters of a <see cref="GraphModule"/> at once: a dozen passes over memory instead of a dozen calls per parameter, and a
/// state that is open to checkpoints.
/// </summary>
internal abstract class FlatOptimizer : IDisposable
{
    private readonly FlatState _gradients;

    /// <summary>1 where weights decay, 0 elsewhere, times the parameter's learning rate scale.</summary>
    private readonly FlatState _decay;

    /// <summary>The factor on each parameter's learning rate, or null where all are 1.</summary>
    private readonly FlatState? _scale;

    protected FlatOptimizer(GraphModule module, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales)
    {
        (Parameters, _gradients, Recipe) = (module.Parameters, module.Gradients, recipe);
        _decay = module.Parameters.ZerosLike();
        _scale = learningRateScales.Values.All(s => s == 1) ? null : module.Parameters.ZerosLike();
        using var noGradient = no_grad();
        for (var i = 0; i < Parameters.Entries.Count; i++)
        {
            var (name, view) = Parameters.Entries[i];
            var scale = learningRateScales.GetValueOrDefault(name, 1);
            _scale?.Entries[i].View.fill_(scale);
            _decay.Entries[i].View.fill_(WeightDecay.Applies(name, (int)view.Dimensions) ? scale : 0);
        }
    }

    /// <summary>Moments or momentum, each under the name that a checkpoint gives it for a parameter.</summary>
    public abstract IReadOnlyList<(Func<string, string> NameOf, FlatState State)> State { get; }

    protected FlatState Parameters { get; }

    protected Tensor Gradients => _gradients.Vector;

    protected TrainingRecipe Recipe { get; }

    /// <summary>The optimizer that the recipe names.</summary>
    public static FlatOptimizer Create(GraphModule module, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales)
    {
        return recipe.Optimizer == OptimizerKind.Sgd
            ? new FlatSgd(module, recipe, learningRateScales)
            : new FlatAdamW(module, recipe, learningRateScales);
    }

    /// <summary>Clips the gradient, steps and clears it. Returns the gradient's global norm before clipping.</summary>
    public double Step(StepSettings settings)
    {
        using var noGradient = no_grad();
        using var normTensor = Gradients.norm();
        var norm = normTensor.item<float>();
        if (Recipe.ClipGradient > 0 && norm > Recipe.ClipGradient)
        {
            Gradients.mul_(Recipe.ClipGradient / (norm + 1e-6));
        }

        Update(settings);
        Gradients.zero_();
        return norm;
    }

    public virtual void Dispose()
    {
        _decay.Dispose();
        _scale?.Dispose();
        foreach (var (_, state) in State)
        {
            state.Dispose();
        }
    }

    protected abstract void Update(StepSettings settings);

    /// <summary>Weight decay apart from the gradient, as AdamW has it: p ← p · (1 − lr · scale · decay).</summary>
    protected void DecayParameters(double learningRate)
    {
        if (Recipe.WeightDecay > 0)
        {
            using var factor = _decay.Vector.mul(-learningRate * Recipe.WeightDecay).add_(1);
            Parameters.Vector.mul_(factor);
        }
    }

    /// <summary>Weight decay as part of the gradient, as SGD has it: g ← g + decay · p.</summary>
    protected void DecayGradients()
    {
        if (Recipe.WeightDecay > 0)
        {
            // The mask holds the scale too, which the step multiplies in: a decay of its own scale here would count it twice.
            using var applies = _scale is null ? _decay.Vector.alias() : _decay.Vector.sign();
            Gradients.addcmul_(applies, Parameters.Vector, Recipe.WeightDecay);
        }
    }

    /// <summary>The direction times each parameter's learning rate scale, which takes the gradient's memory where there are scales.</summary>
    protected Tensor Scaled(Tensor direction)
    {
        return _scale is null ? direction : (ReferenceEquals(direction, Gradients) ? Gradients : Gradients.copy_(direction)).mul_(_scale.Vector);
    }
}
