using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>The fast mode's masks: a hash of their number (Wellons' lowbias32), uniform in 1..511 to within 2^-16.</summary>
internal static class HashMasks
{
    private const uint Masks = 511;

    /// <summary>Fills with masks <paramref name="first"/>, <paramref name="first"/> + 1, ... of <paramref name="seed"/>.</summary>
    public static void Fill(Span<ushort> masks, uint seed, uint first)
    {
        var count = Vector512<uint>.Count;
        var i = 0;
        for (; i + count <= masks.Length; i += count)
        {
            Draw(seed, first + (uint)i).CopyTo(masks[i..]);
        }

        if (i < masks.Length)
        {
            Span<ushort> last = stackalloc ushort[count];
            Draw(seed, first + (uint)i).CopyTo(last);
            last[..(masks.Length - i)].CopyTo(masks[i..]);
        }
    }

    private static Vector256<ushort> Draw(uint seed, uint first)
    {
        // An odd multiple spreads neighbouring numbers; two images' sequences meet only where their seeds happen to differ by a multiple of it.
        var h = (Vector512.CreateSequence(first, 1u) * Vector512.Create(0x9E3779B9u)) + Vector512.Create(seed);
        h ^= h >>> 16;
        h *= Vector512.Create(0x7FEB352Du);
        h ^= h >>> 15;
        h *= Vector512.Create(0x846CA68Bu);
        h ^= h >>> 16;
        var drawn = (((h >>> 16) * Vector512.Create(Masks)) >>> 16) + Vector512<uint>.One;
        return Vector256.Narrow(drawn.GetLower(), drawn.GetUpper());
    }
}
