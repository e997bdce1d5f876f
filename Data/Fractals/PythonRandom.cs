using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>CPython's <c>random</c> module after <c>random.seed(n)</c>, for the draws that the published generator makes.</summary>
internal sealed class PythonRandom
{
    private const int MaskBits = 9;
    private const uint Rejected = (1 << MaskBits) - 1;
    private readonly MersenneTwister _generator;

    /// <summary>The state after <c>random.seed(seed)</c>.</summary>
    public PythonRandom(ulong seed)
    {
        Span<uint> key = [(uint)seed, (uint)(seed >> 32)];
        _generator = new MersenneTwister(key[1] == 0 ? key[..1] : key);
    }

    /// <summary><c>random.uniform(low, high)</c>.</summary>
    public double Uniform(double low, double high) => low + (high - low) * _generator.NextDouble();

    /// <summary><c>random.getrandbits(32)</c>.</summary>
    public uint NextUInt32() => _generator.NextUInt32();

    /// <summary>Fills with <c>random.randrange(1, 512)</c>: nine bits, drawn again when they are all ones.</summary>
    public void FillMasks(Span<ushort> masks)
    {
        var filled = 0;
        while (filled < masks.Length)
        {
            var words = _generator.Upcoming;
            var used = 0;
            var count = Vector512<uint>.Count;
            while (used + count <= words.Length && filled + count <= masks.Length)
            {
                var bits = MersenneTwister.Temper(Vector512.Create(words.Slice(used, count))) >>> (32 - MaskBits);
                if (Vector512.EqualsAny(bits, Vector512.Create(Rejected)))
                {
                    break;
                }

                var drawn = Vector256.Narrow((bits + Vector512<uint>.One).GetLower(), (bits + Vector512<uint>.One).GetUpper());
                drawn.CopyTo(masks[filled..]);
                used += count;
                filled += count;
            }

            // The vector that holds a rejected draw, or what is left of the words or the masks, one by one.
            var end = Math.Min(words.Length, used + count);
            while (used < end && filled < masks.Length)
            {
                var bits = MersenneTwister.Temper(words[used++]) >> (32 - MaskBits);
                if (bits != Rejected)
                {
                    masks[filled++] = (ushort)(bits + 1);
                }
            }

            _generator.Skip(used);
        }
    }
}
