using OneFractal.Common;

namespace OneFractal.Data.Transforms;

/// <summary>The symmetric beta distribution.</summary>
internal static class BetaDistribution
{
    /// <summary>A draw from Beta(<paramref name="alpha"/>, <paramref name="alpha"/>).</summary>
    public static double Sample(double alpha, RandomStream random)
    {
        var (a, b) = (LogGamma(alpha, random), LogGamma(alpha, random));
        // x / (x + y) of two gamma draws, from their logarithms: both underflow where alpha is tiny.
        return 1 / (1 + Math.Exp(b - a));
    }

    /// <summary>The logarithm of a draw from Gamma(<paramref name="shape"/>, 1) (Marsaglia and Tsang 2000).</summary>
    private static double LogGamma(double shape, RandomStream random)
    {
        if (shape < 1)
        {
            return LogGamma(shape + 1, random) + Math.Log(1 - random.NextDouble()) / shape;
        }

        var d = shape - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = random.NextGaussian();
            var v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < 0.5 * x * x + d - d * v + d * Math.Log(v))
            {
                return Math.Log(d * v);
            }
        }
    }
}
