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
        if (_next == N)
        {
            Twist();
        }

        var y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680u;
        y ^= (y << 15) & 0xEFC60000u;
        return y ^ (y >> 18);
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
        for (var i = 0; i < N; i++)
        {
            var y = (_state[i] & 0x80000000u) | (_state[(i + 1) % N] & 0x7FFFFFFFu);
            _state[i] = _state[(i + M) % N] ^ (y >> 1) ^ ((y & 1) * 0x9908B0DFu);
        }

        _next = 0;
    }
}
