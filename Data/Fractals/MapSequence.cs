using System.Collections.Concurrent;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Which map each step of the chaos game takes. The published generator draws the same numbers for every image (NumPy's legacy generator
/// seeded with 100), so all images whose map probabilities agree share one sequence.
/// </summary>
internal sealed class MapSequence
{
    private const uint Seed = 100;
    private static readonly ConcurrentDictionary<int, double[]> Draws = new();

    /// <summary>The sequence of the first <paramref name="points"/> steps with the probabilities of <paramref name="system"/>.</summary>
    public MapSequence(IteratedFunctionSystem system, int points)
    {
        Choices = new byte[points];
        var draws = Draws.GetOrAdd(points, Draw);
        var cumulative = 0.0;
        // A step takes the first map whose cumulative probability is not below its draw: it passes every map whose is.
        // The last map is never passed, for rounding may leave the sum just below 1.
        foreach (var map in system.Maps.AsSpan()[..^1])
        {
            cumulative += map.Probability;
            CountBelow(draws, cumulative, Choices);
        }
    }

    /// <summary>The index of the map that each step takes.</summary>
    public byte[] Choices { get; }

    private static double[] Draw(int points)
    {
        var generator = new MersenneTwister(Seed);
        var draws = new double[points];
        foreach (ref var draw in draws.AsSpan())
        {
            draw = generator.NextDouble();
        }

        return draws;
    }

    private static void CountBelow(ReadOnlySpan<double> draws, double limit, Span<byte> counts)
    {
        for (var i = 0; i < draws.Length; i++)
        {
            counts[i] += (byte)(limit < draws[i] ? 1 : 0);
        }
    }
}
