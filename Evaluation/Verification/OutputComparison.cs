namespace OneFractal.Evaluation;

/// <summary>How far the outputs of two runtimes are apart.</summary>
/// <param name="MaxAbsolute">Largest |a − b|; infinite when a is not finite somewhere.</param>
/// <param name="MeanAbsolute">Mean of |a − b|.</param>
/// <param name="MaxRelative">Largest |a − b| of a row in units of that row's largest |b|.</param>
/// <param name="Top1Agreement">Share of rows whose largest value is at the same place.</param>
/// <param name="Scale">Largest |b|, or 1 where that is larger: what an absolute tolerance is multiplied by.</param>
internal sealed record OutputComparison(double MaxAbsolute, double MeanAbsolute, double MaxRelative, double Top1Agreement, double Scale)
{
    /// <summary>Compares <paramref name="rows"/> rows of outputs with the reference's.</summary>
    public static OutputComparison Of(ReadOnlySpan<float> actual, ReadOnlySpan<float> reference, int rows)
    {
        double max = 0, sum = 0, relative = 0, scale = 1;
        var same = 0;
        var length = actual.Length / rows;
        for (var row = 0; row < rows; row++)
        {
            var a = actual.Slice(row * length, length);
            var b = reference.Slice(row * length, length);
            double rowMax = 0, rowScale = 0;
            for (var i = 0; i < length; i++)
            {
                var error = float.IsFinite(a[i]) ? Math.Abs((double)a[i] - b[i]) : double.PositiveInfinity;
                rowMax = Math.Max(rowMax, error);
                rowScale = Math.Max(rowScale, Math.Abs((double)b[i]));
                sum += error;
            }

            max = Math.Max(max, rowMax);
            scale = Math.Max(scale, rowScale);
            relative = Math.Max(relative, rowMax == 0 ? 0 : rowMax / rowScale);
            same += ArgMax(a) == ArgMax(b) ? 1 : 0;
        }

        return new OutputComparison(max, sum / actual.Length, relative, (double)same / rows, scale);
    }

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        var best = 0;
        for (var i = 1; i < values.Length; i++)
        {
            best = values[i] > values[best] ? i : best;
        }

        return best;
    }
}
