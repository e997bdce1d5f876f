namespace OneFractal.Export;

/// <summary>
/// Position embeddings for another number of patches: the grid that they form is resized bicubically with antialias, as timm's <c>resample_abs_pos_embed</c> does
/// by PyTorch's <c>interpolate</c>; embeddings of class tokens before it stay as they are.
/// </summary>
public static class PositionEmbedding
{
    // The cubic of Keys (1981) with the coefficient that antialiased resizing uses in PIL and PyTorch, and its reach.
    private const double Coefficient = -0.5, Reach = 2;

    /// <summary>Resamples [tokens, width].</summary>
    /// <param name="values">The embedding of each token, row by row.</param>
    /// <param name="prefix">Tokens that are no patches, at the start.</param>
    /// <param name="from">Patches along a side.</param>
    /// <param name="to">Patches along a side of the result.</param>
    /// <returns>[prefix + to · to, width].</returns>
    public static float[] Resample(ReadOnlySpan<float> values, int prefix, int from, int to)
    {
        var width = values.Length / (prefix + from * from);
        var weights = Enumerable.Range(0, to).Select(i => Weights(i, from, to)).ToArray();
        var grid = values[(prefix * width)..];
        // Along x, then along y, as the two-dimensional cubic is the product of two.
        var rows = new double[from * to * width];
        for (var y = 0; y < from; y++)
        {
            for (var x = 0; x < to; x++)
            {
                foreach (var (source, weight) in weights[x])
                {
                    for (var c = 0; c < width; c++)
                    {
                        rows[(y * to + x) * width + c] += weight * grid[(y * from + source) * width + c];
                    }
                }
            }
        }

        var result = new float[(prefix + to * to) * width];
        values[..(prefix * width)].CopyTo(result);
        var sum = new double[width];
        for (var y = 0; y < to; y++)
        {
            for (var x = 0; x < to; x++)
            {
                Array.Clear(sum);
                foreach (var (source, weight) in weights[y])
                {
                    for (var c = 0; c < width; c++)
                    {
                        sum[c] += weight * rows[(source * to + x) * width + c];
                    }
                }

                for (var c = 0; c < width; c++)
                {
                    result[(prefix + y * to + x) * width + c] = (float)sum[c];
                }
            }
        }

        return result;
    }

    /// <summary>Which elements make element <paramref name="index"/> of the result, and their shares.</summary>
    private static (int Source, double Weight)[] Weights(int index, int from, int to)
    {
        var scale = (double)from / to;
        var stretch = Math.Max(scale, 1);
        var centre = scale * (index + 0.5);
        var first = Math.Max((int)(centre - Reach * stretch + 0.5), 0);
        var end = Math.Min((int)(centre + Reach * stretch + 0.5), from);
        var weights = Enumerable.Range(first, end - first).Select(i => (i, Cubic((i - centre + 0.5) / stretch))).ToArray();
        var total = weights.Sum(w => w.Item2);
        return [.. weights.Select(w => (w.i, w.Item2 / total))];
    }

    private static double Cubic(double distance)
    {
        var x = Math.Abs(distance);
        return x < 1 ? ((Coefficient + 2) * x - (Coefficient + 3)) * x * x + 1
            : x < Reach ? ((x - 5) * x + 8) * x * Coefficient - 4 * Coefficient
            : 0;
    }
}
