using System.Numerics;

namespace OneFractal.Common;

/// <summary>
/// A seeded random generator (xoshiro256**, Blackman and Vigna 2018) whose sequence is the same on every machine and .NET version.
/// Streams are derived from a seed and a path of numbers, so that sample 7 of epoch 3 draws the same numbers
/// whichever worker computes it and wherever a run was resumed.
/// </summary>
public sealed class RandomStream
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>The stream of <paramref name="seed"/> at <paramref name="path"/>, e.g. (purpose, epoch, sample).</summary>
    public RandomStream(ulong seed, params ReadOnlySpan<ulong> path)
    {
        var state = Derive(seed, path);
        _s0 = SplitMix64(ref state);
        _s1 = SplitMix64(ref state);
        _s2 = SplitMix64(ref state);
        _s3 = SplitMix64(ref state);
    }

    /// <summary>A 64-bit seed for a purpose of its own, derived from <paramref name="seed"/> and <paramref name="path"/>.</summary>
    public static ulong Derive(ulong seed, params ReadOnlySpan<ulong> path)
    {
        var state = seed;
        var derived = SplitMix64(ref state);
        foreach (var step in path)
        {
            state = derived ^ (step * 0xD1342543DE82EF95UL + 1);
            derived = SplitMix64(ref state);
        }

        return derived;
    }

    /// <summary>64 uniform bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1) with 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Uniform(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform integer in [0, <paramref name="exclusive"/>).</summary>
    public int NextInt(int exclusive)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusive);
        // Multiply-shift (Lemire 2019); the bias for 32-bit ranges of 64-bit draws is below 2^-32.
        return (int)Math.BigMul(NextUInt64(), (ulong)exclusive, out _);
    }

    /// <summary>True with probability <paramref name="probability"/>.</summary>
    public bool NextBool(double probability) => NextDouble() < probability;

    /// <summary>Standard normal (Box–Muller; one of the pair is used, so that every call consumes two draws).</summary>
    public double NextGaussian()
    {
        var radius = Math.Sqrt(-2.0 * Math.Log(1.0 - NextDouble()));
        return radius * Math.Cos(2.0 * Math.PI * NextDouble());
    }

    /// <summary>Shuffles in place (Fisher–Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong SplitMix64(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15UL;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
