namespace OneFractal.Inference;

/// <summary>Arrivals at random times, independent of each other.</summary>
internal static class PoissonArrivals
{
    private const ulong Stream = 0x9015;

    /// <summary>Times of <paramref name="count"/> arrivals in seconds, ascending. With the same seed, those of another rate are the same ones, stretched.</summary>
    public static double[] Times(int count, double rate, ulong seed)
    {
        var random = new RandomStream(seed, Stream);
        var times = new double[count];
        var time = 0.0;
        for (var i = 0; i < count; i++)
        {
            // Gaps of a Poisson process are exponential.
            time -= Math.Log(1 - random.NextDouble()) / rate;
            times[i] = time;
        }

        return times;
    }
}
