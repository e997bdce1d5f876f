namespace OneFractal.Training;

/// <summary>
/// PyTorch's and timm's initial distributions. Each parameter draws from a stream of its own, derived from the seed and its name, so
/// adding a layer does not change the others.
/// </summary>
internal static class Initializers
{
    public static FillParameter Zeros => (_, _, _) => { };

    public static FillParameter Ones => (_, _, values) => values.Fill(1f);

    /// <summary>Normal with mean 0.</summary>
    public static FillParameter Normal(ulong seed, double std) => (name, _, values) =>
    {
        var random = StreamFor(seed, name);
        foreach (ref var value in values)
        {
            value = (float)(std * random.NextGaussian());
        }
    };

    /// <summary>Normal, redrawn outside [−2, 2] (timm's <c>trunc_normal_</c>: the bounds are absolute).</summary>
    public static FillParameter TruncatedNormal(ulong seed, double std) => (name, _, values) =>
    {
        var random = StreamFor(seed, name);
        foreach (ref var value in values)
        {
            double draw;
            do
            {
                draw = std * random.NextGaussian();
            }
            while (Math.Abs(draw) > 2);
            value = (float)draw;
        }
    };

    /// <summary>Kaiming normal for Relu over the fan-out (outputs × kernel area): standard deviation √(2 / fan-out).</summary>
    public static FillParameter KaimingFanOut(ulong seed, long fanOut) => Normal(seed, Math.Sqrt(2.0 / fanOut));

    /// <summary>PyTorch's default for convolutions, linear layers and their biases: uniform in ±1/√fan-in.</summary>
    public static FillParameter FanInUniform(ulong seed, long fanIn) => (name, _, values) =>
    {
        var random = StreamFor(seed, name);
        var bound = 1 / Math.Sqrt(fanIn);
        foreach (ref var value in values)
        {
            value = (float)random.Uniform(-bound, bound);
        }
    };

    private static RandomStream StreamFor(ulong seed, string name)
    {
        // FNV-1a: string.GetHashCode differs from process to process.
        var hash = 14695981039346656037UL;
        foreach (var c in name)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        return new RandomStream(seed, hash);
    }
}
