namespace OneFractal.Evaluation;

/// <summary>How far the outputs <c>a</c> of a runtime are from those of the reference, <c>b</c>.</summary>
internal sealed record OutputComparison
{
    private const int Top = 5;

    /// <summary>Largest |a − b|; infinite when a is not finite somewhere.</summary>
    public required double MaxAbsolute { get; init; }

    /// <summary>Mean of |a − b|.</summary>
    public required double MeanAbsolute { get; init; }

    /// <summary>
    /// Largest relative error. That of a value is |a − b| in units of |b|, or of its row's root mean square of b where that is larger: a value near 0 is
    /// not worth more digits than the others.
    /// </summary>
    public required double MaxRelative { get; init; }

    /// <summary>Mean relative error.</summary>
    public required double MeanRelative { get; init; }

    /// <summary>Share of rows whose largest value is at the same place.</summary>
    public required double Top1Agreement { get; init; }

    /// <summary>Share of rows whose five largest values are at the same places, in any order; null where there are no more than five.</summary>
    public required double? Top5Agreement { get; init; }

    /// <summary>Largest |b|.</summary>
    public required double Largest { get; init; }

    /// <summary>The row with the largest |a − b|.</summary>
    public required int WorstRow { get; init; }

    /// <summary>The absolute errors, counted by size.</summary>
    public required IReadOnlyList<ErrorBin> Histogram { get; init; }

    /// <summary>Largest |b|, or 1 where that is larger: what an absolute tolerance is multiplied by.</summary>
    public double Scale => Math.Max(1, Largest);

    /// <summary>Compares <paramref name="rows"/> rows of outputs with the reference's.</summary>
    public static OutputComparison Of(ReadOnlySpan<float> actual, ReadOnlySpan<float> reference, int rows)
    {
        double max = 0, sum = 0, maxRelative = 0, sumRelative = 0, largest = 0;
        int top1 = 0, top5 = 0, worst = 0;
        var histogram = new ErrorHistogram();
        var length = actual.Length / rows;
        for (var row = 0; row < rows; row++)
        {
            var a = actual.Slice(row * length, length);
            var b = reference.Slice(row * length, length);
            var rootMeanSquare = RootMeanSquare(b);
            for (var i = 0; i < length; i++)
            {
                var error = float.IsFinite(a[i]) ? Math.Abs((double)a[i] - b[i]) : double.PositiveInfinity;
                var relative = error == 0 ? 0 : error / Math.Max(Math.Abs(b[i]), rootMeanSquare);
                (max, worst) = error > max ? (error, row) : (max, worst);
                maxRelative = Math.Max(maxRelative, relative);
                largest = Math.Max(largest, Math.Abs((double)b[i]));
                sum += error;
                sumRelative += relative;
                histogram.Add(error);
            }

            top1 += LogitRow.ArgMax(a) == LogitRow.ArgMax(b) ? 1 : 0;
            top5 += length > Top && Largest5(a).SetEquals(Largest5(b)) ? 1 : 0;
        }

        return new OutputComparison
        {
            MaxAbsolute = max,
            MeanAbsolute = sum / Math.Max(1, actual.Length),
            MaxRelative = maxRelative,
            MeanRelative = sumRelative / Math.Max(1, actual.Length),
            Top1Agreement = (double)top1 / rows,
            Top5Agreement = length > Top ? (double)top5 / rows : null,
            Largest = largest,
            WorstRow = worst,
            Histogram = histogram.ToBins(),
        };
    }

    private static double RootMeanSquare(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (var value in values)
        {
            sum += (double)value * value;
        }

        return Math.Sqrt(sum / values.Length);
    }

    private static HashSet<int> Largest5(ReadOnlySpan<float> values)
    {
        // Outputs may be large maps: nothing is sorted.
        var largest = new List<int>(Top + 1);
        for (var i = 0; i < values.Length; i++)
        {
            var place = largest.Count;
            while (place > 0 && values[i] > values[largest[place - 1]])
            {
                place--;
            }

            if (place < Top)
            {
                largest.Insert(place, i);
                largest.RemoveRange(Math.Min(Top, largest.Count), largest.Count - Math.Min(Top, largest.Count));
            }
        }

        return [.. largest];
    }
}
