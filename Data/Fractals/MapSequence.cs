using System.Collections.Concurrent;
using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Which map each step of the chaos game takes. The published generator draws the same numbers for every image (NumPy's legacy generator
/// seeded with 100), so all images whose map probabilities agree share one sequence.
/// </summary>
internal sealed class MapSequence
{
    private const uint PublishedSeed = 100;
    private static readonly ConcurrentDictionary<int, double[]> Draws = new();
    private Vector512<long>[]? _walkerChoices;

    /// <summary>The published sequence of the first <paramref name="points"/> steps with the probabilities of <paramref name="system"/>.</summary>
    public MapSequence(IteratedFunctionSystem system, int points)
        : this(system, Draws.GetOrAdd(points, static count => Draw(count, PublishedSeed)))
    {
    }

    /// <summary>Another sequence, to tell what is chance.</summary>
    internal MapSequence(IteratedFunctionSystem system, int points, uint seed)
        : this(system, Draw(points, seed))
    {
    }

    private MapSequence(IteratedFunctionSystem system, double[] draws)
    {
        Choices = new byte[draws.Length];
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

    /// <summary>The same choices dealt out to eight walkers, for each step of theirs.</summary>
    public Vector512<long>[] WalkerChoices => _walkerChoices ??= Deal(Choices);

    private static double[] Draw(int points, uint seed)
    {
        var generator = new MersenneTwister(seed);
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

    private static Vector512<long>[] Deal(byte[] choices)
    {
        var lanes = Vector512<long>.Count;
        var dealt = new Vector512<long>[(choices.Length + lanes - 1) / lanes];
        Span<long> step = stackalloc long[lanes];
        for (var i = 0; i < dealt.Length; i++)
        {
            for (var lane = 0; lane < lanes; lane++)
            {
                step[lane] = choices[Math.Min(i * lanes + lane, choices.Length - 1)];
            }

            dealt[i] = Vector512.Create<long>(step);
        }

        return dealt;
    }
}
