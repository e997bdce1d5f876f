using OneFractal.Common;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Draws random contractive systems whose sigma-factor is given: linear parts U·diag(s1, s2)·V with random rotations and reflections,
/// 0 ≤ s2 ≤ s1 ≤ 1, Σ(s1 + 2·s2) = sigma, translations uniform in [−1, 1] (Anderson and Farrell, arXiv 2110.03091, section 3.1).
/// </summary>
public static class IfsSampler
{
    /// <summary>Half the width of the interval around the wanted sigma-factor from which the drawn one comes.</summary>
    public const double SigmaTolerance = 0.1;

    /// <summary>Draws a system of <paramref name="maps"/> maps with a sigma-factor within ±0.1 of <paramref name="sigmaFactor"/>.</summary>
    /// <exception cref="UsageException">No such system exists.</exception>
    public static IteratedFunctionSystem Sample(int maps, double sigmaFactor, RandomStream random)
    {
        if (maps is < 2 or > IteratedFunctionSystem.MaximumMaps)
        {
            throw new UsageException($"A fractal needs 2 to {IteratedFunctionSystem.MaximumMaps} maps, not {maps}: change --maps.");
        }

        // s1 + 2·s2 lies in [0, 3] for a contractive map.
        if (!(sigmaFactor - SigmaTolerance > 0 && sigmaFactor + SigmaTolerance < 3 * maps))
        {
            throw new UsageException(FormattableString.Invariant(
                $"No contractive system of {maps} maps has sigma-factor {sigmaFactor}: choose --sigma between {SigmaTolerance} and {3 * maps - SigmaTolerance}."));
        }

        var sigma = random.Uniform(sigmaFactor - SigmaTolerance, sigmaFactor + SigmaTolerance);
        var sampled = new AffineMap[maps];
        var i = 0;
        foreach (var (s1, s2) in SampleSingularValues(maps, sigma, random))
        {
            sampled[i++] = SampleMap(s1, s2, random);
        }

        return IteratedFunctionSystem.WithAreaProbabilities(sampled);
    }

    /// <summary>Singular values in turn, each uniform in the interval that leaves the rest of the sum reachable.</summary>
    internal static (double S1, double S2)[] SampleSingularValues(int maps, double sigma, RandomStream random)
    {
        var values = new (double S1, double S2)[maps];
        var left = sigma;
        for (var i = 0; i < maps - 1; i++)
        {
            // What this map must take at least, since each of those after it takes at most 3.
            var needed = left - 3 * (maps - 1 - i);
            var s1 = random.Uniform(Math.Max(0, needed / 3), Math.Min(1, left));
            var s2 = random.Uniform(Math.Max(0, (needed - s1) / 2), Math.Min(s1, (left - s1) / 2));
            values[i] = (s1, s2);
            left -= s1 + 2 * s2;
        }

        var last = random.Uniform(left / 3, Math.Min(1, left));
        values[^1] = (last, (left - last) / 2);
        return values;
    }

    private static AffineMap SampleMap(double s1, double s2, RandomStream random)
    {
        var (sinU, cosU) = Math.SinCos(random.Uniform(-Math.PI, Math.PI));
        var (sinV, cosV) = Math.SinCos(random.Uniform(-Math.PI, Math.PI));
        var flipX = random.NextBool(0.5) ? -1 : 1;
        var flipY = random.NextBool(0.5) ? -1 : 1;
        // R(u) · diag(s1, s2) · R(v) · diag(flipX, flipY)
        return new AffineMap(
            A: (cosU * s1 * cosV - sinU * s2 * sinV) * flipX,
            B: (-cosU * s1 * sinV - sinU * s2 * cosV) * flipY,
            C: (sinU * s1 * cosV + cosU * s2 * sinV) * flipX,
            D: (-sinU * s1 * sinV + cosU * s2 * cosV) * flipY,
            E: random.Uniform(-1, 1),
            F: random.Uniform(-1, 1),
            Probability: 0);
    }
}
