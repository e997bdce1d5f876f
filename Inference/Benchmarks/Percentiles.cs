namespace OneFractal.Inference;

/// <summary>Percentiles of measured times.</summary>
public static class Percentiles
{
    /// <summary>
    /// The nearest-rank percentile: the smallest of the values that is not below <paramref name="share"/> of them. It is always one that was measured, and
    /// with fewer than 1 / (1 − share) values it is the largest.
    /// </summary>
    /// <param name="sorted">The values, in ascending order; at least one.</param>
    /// <param name="share">Which share, in [0, 1]: 0.99 for the 99th percentile.</param>
    public static double NearestRank(IReadOnlyList<double> sorted, double share)
    {
        // 0.999 · 1000 is a little above 999 in binary.
        var rank = (int)Math.Ceiling(share * sorted.Count - 1e-9 * sorted.Count);
        return sorted[Math.Clamp(rank - 1, 0, sorted.Count - 1)];
    }
}
