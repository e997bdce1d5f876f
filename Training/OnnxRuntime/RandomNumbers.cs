namespace OneFractal.Training;

/// <summary>
/// Random numbers as standard operators: a hash of the seed, the stream and the position, in integers, so that every runtime draws the same. ONNX's own
/// random operators take no seed when they run.
/// </summary>
internal static class RandomNumbers
{
    public const long Prime = 2147483647;

    /// <summary>Numbers in [0, 1] that are a function of the seed.</summary>
    /// <param name="g">Where the nodes go.</param>
    /// <param name="seed">int64 [], 0 to 2³¹ − 1.</param>
    /// <param name="stream">Another stream is independent.</param>
    /// <param name="shape">Shape of the result.</param>
    public static Value Uniform(GraphBuilder g, Value seed, int stream, long[] shape)
    {
        var count = shape.Aggregate(1L, (p, d) => p * d);
        Value Modulo(Value x) => g.Node("Mod", [x, g.Int64(Prime)]);
        Value Affine(Value x, long factor, long offset) => Modulo(g.Add(g.Mul(x, g.Int64(factor)), g.Int64(offset)));

        var hash = Affine(g.Node("Range", [g.Int64(0), g.Int64(count), g.Int64(1)]), 1664525, 1013904223 + 69069L * stream);
        // Products of two numbers below 2³¹ stay below 2⁶³. Squaring breaks the lattice of a linear generator; three rounds mix every bit.
        foreach (var factor in (long[])[48271, 69621, 16807])
        {
            var key = Affine(seed, factor, 7919L * stream + factor);
            hash = Modulo(g.Add(g.Mul(hash, Modulo(g.Add(hash, key))), key));
        }

        var unit = g.Scale(g.Node("Cast", [hash], ("to", (int)DataType.Float)), 1.0 / Prime);
        return g.Reshape(unit, shape);
    }
}
