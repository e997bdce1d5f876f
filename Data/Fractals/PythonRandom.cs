namespace OneFractal.Data.Fractals;

/// <summary>CPython's <c>random</c> module after <c>random.seed(n)</c>, for the draws that the published generator makes.</summary>
internal sealed class PythonRandom
{
    private const int MaskBits = 9;
    private readonly MersenneTwister _generator;

    /// <summary>The state after <c>random.seed(seed)</c>.</summary>
    public PythonRandom(ulong seed)
    {
        Span<uint> key = [(uint)seed, (uint)(seed >> 32)];
        _generator = new MersenneTwister(key[1] == 0 ? key[..1] : key);
    }

    /// <summary><c>random.uniform(low, high)</c>.</summary>
    public double Uniform(double low, double high) => low + (high - low) * _generator.NextDouble();

    /// <summary>Fills with <c>random.randrange(1, 512)</c>: nine bits, drawn again when they are all ones.</summary>
    public void FillMasks(Span<ushort> masks)
    {
        for (var i = 0; i < masks.Length; i++)
        {
            uint bits;
            do
            {
                bits = _generator.NextUInt32() >> (32 - MaskBits);
            }
            while (bits == (1 << MaskBits) - 1);

            masks[i] = (ushort)(bits + 1);
        }
    }
}
