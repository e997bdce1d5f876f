namespace OneFractal.Inference;

/// <summary>Times of runs or queries, in milliseconds; percentiles are nearest ranks (<see cref="Percentiles"/>).</summary>
public sealed record Latencies
{
    /// <summary>How many.</summary>
    public int Count { get; init; }

    /// <summary>The shortest.</summary>
    public double Min { get; init; }

    /// <summary>Their mean.</summary>
    public double Mean { get; init; }

    /// <summary>Half took no longer.</summary>
    public double P50 { get; init; }

    /// <summary>90 % took no longer.</summary>
    public double P90 { get; init; }

    /// <summary>95 % took no longer.</summary>
    public double P95 { get; init; }

    /// <summary>99 % took no longer; with fewer than 100, the longest.</summary>
    public double P99 { get; init; }

    /// <summary>99.9 % took no longer; with fewer than 1,000, the longest.</summary>
    public double P999 { get; init; }

    /// <summary>The longest.</summary>
    public double Max { get; init; }

    /// <summary>Summarises times, in any order; at least one.</summary>
    public static Latencies Of(IEnumerable<double> milliseconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        return new Latencies
        {
            Count = sorted.Length,
            Min = sorted[0],
            Mean = sorted.Average(),
            P50 = Percentiles.NearestRank(sorted, 0.5),
            P90 = Percentiles.NearestRank(sorted, 0.9),
            P95 = Percentiles.NearestRank(sorted, 0.95),
            P99 = Percentiles.NearestRank(sorted, 0.99),
            P999 = Percentiles.NearestRank(sorted, 0.999),
            Max = sorted[^1],
        };
    }
}
