using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace OneFractal.Training;

/// <summary>
/// An optimizer on the parameters of a <see cref="GraphModule"/> in buckets: all those that are treated alike at once on a GPU, where each call costs, and as
/// many as stay in the cache on a CPU, where each pass over memory costs. Gradients are autograd's own until they are used, so they
/// take no memory while the activations do; the state is open to checkpoints.
/// </summary>
internal abstract class FlatOptimizer : IDisposable
{
    // 5 vectors of 1 MB: about the second-level caches of two cores.
    private const long CpuBucket = 1 << 18;

    private readonly Bucket[] _buckets;

    protected FlatOptimizer(GraphModule module, TrainingRecipe recipe, IReadOnlyDictionary<string, double> learningRateScales)
    {
        Recipe = recipe;
        Parameters = module.Parameters;
        _buckets = [.. Divide(module, learningRateScales)];
    }

    /// <summary>Moments or momentum, each under the name that a checkpoint gives it for a parameter.</summary>
    public abstract IReadOnlyList<(Func<string, string> NameOf, FlatState State)> State { get; }

    protected FlatState Parameters { get; }

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
        var gradients = new Tensor[_buckets.Length];
        try
        {
            for (var i = 0; i < gradients.Length; i++)
            {
                gradients[i] = _buckets[i].TakeGradient();
            }

            var norm = Norm(gradients);
            var clip = Recipe.ClipGradient > 0 && norm > Recipe.ClipGradient ? Recipe.ClipGradient / (norm + 1e-6) : 1;
            for (var i = 0; i < gradients.Length; i++)
            {
                if (clip < 1)
                {
                    gradients[i].mul_(clip);
                }

                var bucket = _buckets[i];
                using var parameters = bucket.Of(Parameters);
                Update(bucket, parameters, gradients[i], settings.LearningRate * bucket.Scale, bucket.Decays ? Recipe.WeightDecay : 0, settings.Step + 1);
                gradients[i].Dispose();
            }

            return norm;
        }
        finally
        {
            foreach (var gradient in gradients)
            {
                gradient?.Dispose();
            }
        }
    }

    public void Dispose()
    {
        foreach (var (_, state) in State)
        {
            state.Dispose();
        }
    }

    /// <summary>Moves a bucket's parameters.</summary>
    /// <param name="bucket">Finds the bucket's part of a state.</param>
    /// <param name="parameters">Its parameters, which change.</param>
    /// <param name="gradient">Its gradient, which may be overwritten.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <param name="decay">Its weight decay.</param>
    /// <param name="step">Number of the step, from 1.</param>
    protected abstract void Update(Bucket bucket, Tensor parameters, Tensor gradient, double learningRate, double decay, long step);

    private static double Norm(Tensor[] gradients)
    {
        var norms = gradients.Select(g => g.norm()).ToArray();
        using var all = stack(norms);
        using var norm = all.norm();
        foreach (var part in norms)
        {
            part.Dispose();
        }

        return norm.item<float>();
    }

    /// <summary>Runs of parameters with one decay and one learning rate.</summary>
    private static IEnumerable<Bucket> Divide(GraphModule module, IReadOnlyDictionary<string, double> scales)
    {
        var largest = module.Parameters.Vector.device_type == DeviceType.CPU ? CpuBucket : long.MaxValue;
        long start = 0, length = 0;
        var parameters = new List<Parameter>();
        (bool Decays, double Scale) kind = default;
        for (var i = 0; i < module.OrderedParameters.Count; i++)
        {
            var (name, view) = module.Parameters.Entries[i];
            (bool, double) next = (WeightDecay.Applies(name, (int)view.Dimensions), scales.GetValueOrDefault(name, 1));
            if (parameters.Count > 0 && (next != kind || length + view.numel() > largest))
            {
                yield return new Bucket(parameters, start, length, kind.Decays, kind.Scale);
                (start, length, parameters) = (start + length, 0, []);
            }

            kind = next;
            length += view.numel();
            parameters.Add(module.OrderedParameters[i]);
        }

        if (parameters.Count > 0)
        {
            yield return new Bucket(parameters, start, length, kind.Decays, kind.Scale);
        }
    }

    /// <summary>Parameters that lie together and are treated alike.</summary>
    protected sealed record Bucket(IReadOnlyList<Parameter> Parameters, long Start, long Length, bool Decays, double Scale)
    {
        /// <summary>The bucket's part of a state, as a view.</summary>
        public Tensor Of(FlatState state) => state.Vector.narrow(0, Start, Length);

        /// <summary>The gradients in one vector; the parameters have none afterwards.</summary>
        public Tensor TakeGradient()
        {
            var parts = Parameters.Select(Take).ToArray();
            if (parts.Length == 1)
            {
                return parts[0];
            }

            var result = cat(parts);
            foreach (var part in parts)
            {
                part.Dispose();
            }

            return result;
        }

        private static Tensor Take(Parameter parameter)
        {
            // A parameter that the loss does not depend on has no gradient.
            using var gradient = parameter.grad ?? zeros_like(parameter);
            parameter.grad = null;
            return gradient.reshape(-1);
        }
    }
}
