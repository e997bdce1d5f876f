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
    public static FillParameter TruncatedNormal(ulong seed, double std) => (name, _, values) => FillTruncated(StreamFor(seed, name), std, 2, values);

    /// <summary>Normal, redrawn beyond two deviations, with variance 1 / fan-in (timm's <c>lecun_normal_</c>).</summary>
    public static FillParameter LecunNormal(ulong seed) => (name, shape, values) =>
    {
        const double DeviationOfTruncated = 0.87962566103423978; // Of the standard normal within [−2, 2].
        var std = Math.Sqrt(1.0 / FanIn(shape)) / DeviationOfTruncated;
        FillTruncated(StreamFor(seed, name), std, 2 * std, values);
    };

    /// <summary>Xavier's uniform for a weight [out, in]: in ±√(6 / (in + out)).</summary>
    public static FillParameter XavierUniform(ulong seed) => (name, shape, values) =>
    {
        FillUniform(StreamFor(seed, name), Math.Sqrt(6.0 / (shape[0] + shape[1])), values);
    };

    /// <summary>Kaiming normal for Relu over the fan-out (outputs × kernel area): standard deviation √(2 / fan-out).</summary>
    public static FillParameter KaimingFanOut(ulong seed, long fanOut) => Normal(seed, Math.Sqrt(2.0 / fanOut));

    /// <summary>PyTorch's default for convolutions, linear layers and their biases: uniform in ±1/√fan-in.</summary>
    public static FillParameter FanInUniform(ulong seed, long fanIn) => (name, _, values) =>
    {
        FillUniform(StreamFor(seed, name), 1 / Math.Sqrt(fanIn), values);
    };

    private static void FillTruncated(RandomStream random, double std, double bound, Span<float> values)
    {
        foreach (ref var value in values)
        {
            double draw;
            do
            {
                draw = std * random.NextGaussian();
            }
            while (Math.Abs(draw) > bound);
            value = (float)draw;
        }
    }

    private static void FillUniform(RandomStream random, double bound, Span<float> values)
    {
        foreach (ref var value in values)
        {
            value = (float)random.Uniform(-bound, bound);
        }
    }

    /// <summary>Inputs of an output: all dimensions but the first.</summary>
    private static long FanIn(ReadOnlySpan<long> shape)
    {
        var product = 1L;
        foreach (var length in shape[1..])
        {
            product *= length;
        }

        return product;
    }

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
