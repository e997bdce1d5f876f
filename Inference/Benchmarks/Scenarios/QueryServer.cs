namespace OneFractal.Inference;

/// <summary>
/// One server that answers queries in the order of their arrival. When it is free it takes as many as wait and fill one of its batch sizes, and never
/// waits for more to come (dynamic batching without a delay). Arrivals do not depend on answers, so that waiting times count in full.
/// </summary>
internal static class QueryServer
{
    /// <summary>Answers queries.</summary>
    /// <param name="arrivals">When they come, in seconds, ascending.</param>
    /// <param name="sizes">How many can be answered in one run, ascending, from 1.</param>
    /// <param name="clock">The time.</param>
    /// <param name="serve">Answers a number of queries; it takes its time on the clock.</param>
    /// <param name="latest">Gives up once more than this share of all queries took longer than this many seconds; null never does.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The latency of each answered query in milliseconds, in their order, and the number of runs.</returns>
    public static (double[] Milliseconds, int Runs) Run(
        double[] arrivals, IReadOnlyList<int> sizes, IQueryClock clock, Action<int> serve, (double Seconds, double Share)? latest, CancellationToken cancellation)
    {
        var latencies = new List<double>(arrivals.Length);
        var (runs, late) = (0, 0);
        while (latencies.Count < arrivals.Length && !(late > latest?.Share * arrivals.Length))
        {
            cancellation.ThrowIfCancellationRequested();
            var next = latencies.Count;
            clock.WaitUntil(arrivals[next]);
            var (now, waiting) = (clock.Seconds, 1);
            while (waiting < sizes[^1] && next + waiting < arrivals.Length && arrivals[next + waiting] <= now)
            {
                waiting++;
            }

            var batch = sizes.Last(size => size <= waiting);
            serve(batch);
            runs++;
            var end = clock.Seconds;
            foreach (var arrival in arrivals.AsSpan(next, batch))
            {
                latencies.Add(1000 * (end - arrival));
                late += end - arrival > latest?.Seconds ? 1 : 0;
            }
        }

        return ([.. latencies], runs);
    }

    /// <summary>
    /// The highest rate that holds, by bisection between nothing and <paramref name="highest"/>, and what was found at it. Where no rate that is tried holds,
    /// what was found at the lowest.
    /// </summary>
    /// <param name="highest">No rate above it is tried.</param>
    /// <param name="steps">How many rates are tried; each halves the range.</param>
    /// <param name="attempt">Tries a rate: whether it holds, and what was found.</param>
    public static (double Rate, bool Holds, T Found) Search<T>(double highest, int steps, Func<double, (bool Holds, T Found)> attempt)
    {
        var (low, high) = (0.0, highest);
        (double Rate, bool Holds, T Found)? best = null;
        for (var step = 0; step < steps; step++)
        {
            var rate = (low + high) / 2;
            var (holds, found) = attempt(rate);
            (low, high) = holds ? (rate, high) : (low, rate);
            if (holds || best is not { Holds: true })
            {
                best = (rate, holds, found);
            }
        }

        return best ?? throw new ArgumentOutOfRangeException(nameof(steps));
    }
}
