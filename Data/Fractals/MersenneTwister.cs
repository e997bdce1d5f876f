using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>MT19937 (Matsumoto and Nishimura 1998), the generator under both CPython's <c>random</c> and NumPy's legacy one.</summary>
internal sealed class MersenneTwister
{
    private const int N = 624;
    private const int M = 397;
    private readonly uint[] _state = new uint[N];
    private int _next = N;

    /// <summary><c>init_genrand</c>, which NumPy's legacy seeding uses.</summary>
    public MersenneTwister(uint seed)
    {
        Initialise(seed);
    }

    /// <summary><c>init_by_array</c>, which CPython's seeding uses.</summary>
    public MersenneTwister(ReadOnlySpan<uint> key)
    {
        Initialise(19650218);
        var i = 1;
        var j = 0;
        for (var k = Math.Max(N, key.Length); k > 0; k--)
        {
            _state[i] = (_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1664525u)) + key[j] + (uint)j;
            Advance(ref i);
            j = (j + 1) % key.Length;
        }

        for (var k = N - 1; k > 0; k--)
        {
            _state[i] = (_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1566083941u)) - (uint)i;
            Advance(ref i);
        }

        _state[0] = 0x80000000u;
    }

    /// <summary>The next 32 bits.</summary>
    public uint NextUInt32()
    {
        var word = Temper(Upcoming[0]);
        Skip(1);
        return word;
    }

    /// <summary>The words that come next, as many as are made, at least one. They are raw: <see cref="Temper(uint)"/> makes draws of them.</summary>
    public ReadOnlySpan<uint> Upcoming
    {
        get
        {
            if (_next == N)
            {
                Twist();
            }

            return _state.AsSpan(_next);
        }
    }

    /// <summary>Passes over <paramref name="count"/> of the <see cref="Upcoming"/> words.</summary>
    public void Skip(int count) => _next += count;

    /// <summary>The draw that a raw word stands for.</summary>
    public static uint Temper(uint y)
    {
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680u;
        y ^= (y << 15) & 0xEFC60000u;
        return y ^ (y >> 18);
    }

    /// <summary>The draws that sixteen raw words stand for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Temper(Vector512<uint> y)
    {
        y ^= y >>> 11;
        y ^= (y << 7) & Vector512.Create(0x9D2C5680u);
        y ^= (y << 15) & Vector512.Create(0xEFC60000u);
        return y ^ (y >>> 18);
    }

    /// <summary>Uniform in [0, 1) with 53 bits, from two draws.</summary>
    public double NextDouble()
    {
        var high = NextUInt32() >> 5;
        var low = NextUInt32() >> 6;
        return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
    }

    private void Initialise(uint seed)
    {
        _state[0] = seed;
        for (var i = 1; i < N; i++)
        {
            _state[i] = 1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30)) + (uint)i;
        }
    }

    private void Advance(ref int i)
    {
        if (++i == N)
        {
            _state[0] = _state[N - 1];
            i = 1;
        }
    }

    private void Twist()
    {
        // Word i needs words i, i + 1 and i + 397 (mod 624), the old ones where they lie ahead and the new ones behind, so that
        // sixteen words can be made at a time as long as a step does not run over a place where one of these wraps.
        TwistRange(0, N - M, M);
        TwistRange(N - M, N - 1, M - N);
        TwistWord(N - 1, 0, M - 1);
        _next = 0;
    }

    private void TwistRange(int from, int to, int distance)
    {
        ref var state = ref MemoryMarshal.GetArrayDataReference(_state);
        var i = from;
        for (; i + Vector512<uint>.Count <= to; i += Vector512<uint>.Count)
        {
            var current = Vector512.LoadUnsafe(ref state, (nuint)i);
            var following = Vector512.LoadUnsafe(ref state, (nuint)(i + 1));
            var y = (current & Vector512.Create(0x80000000u)) | (following & Vector512.Create(0x7FFFFFFFu));
            // All ones where the lowest bit is set.
            var odd = Vector512<uint>.Zero - (y & Vector512<uint>.One);
            var next = Vector512.LoadUnsafe(ref state, (nuint)(i + distance)) ^ (y >>> 1) ^ (odd & Vector512.Create(0x9908B0DFu));
            next.StoreUnsafe(ref state, (nuint)i);
        }

        for (; i < to; i++)
        {
            TwistWord(i, i + 1, i + distance);
        }
    }

    private void TwistWord(int i, int following, int distant)
    {
        var y = (_state[i] & 0x80000000u) | (_state[following] & 0x7FFFFFFFu);
        _state[i] = _state[distant] ^ (y >> 1) ^ ((y & 1) * 0x9908B0DFu);
    }
}
