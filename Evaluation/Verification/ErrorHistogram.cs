namespace OneFractal.Evaluation;

/// <summary>Counts absolute errors by powers of ten: none, below 1e-8, and so on up to 1 and above.</summary>
internal sealed class ErrorHistogram
{
    // Powers as they are written: computed ones would be a bit beside them.
    private static readonly double[] Edges = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];
    private readonly long[] _counts = new long[Edges.Length + 2];

    /// <summary>Counts one error.</summary>
    public void Add(double error)
    {
        var bin = 0;
        if (error > 0)
        {
            for (bin = 1; bin <= Edges.Length && error >= Edges[bin - 1]; bin++)
            {
            }
        }

        _counts[bin]++;
    }

    /// <summary>The counts, of no error first.</summary>
    public IReadOnlyList<ErrorBin> ToBins()
    {
        return [.. _counts.Select((count, i) => new ErrorBin(i < 2 ? 0 : Edges[i - 2], i == 0 ? 0 : i <= Edges.Length ? Edges[i - 1] : null, count))];
    }
}
