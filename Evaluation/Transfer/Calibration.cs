namespace OneFractal.Evaluation;

/// <summary>Whether predictions are as often right as they say (Guo et al. 2017, arXiv 1706.04599, section 2).</summary>
public static class Calibration
{
    /// <summary>Number of bins that the figure is usually given for.</summary>
    public const int DefaultBins = 15;

    /// <summary>Sorts predictions into bins of equal width, bin m being (m / bins, (m + 1) / bins]; empty bins are zero.</summary>
    /// <param name="confidences">Probability of the class predicted, in [0, 1].</param>
    /// <param name="correct">Whether the prediction is right.</param>
    /// <param name="bins">Number of bins.</param>
    public static IReadOnlyList<CalibrationBin> Bins(ReadOnlySpan<float> confidences, ReadOnlySpan<bool> correct, int bins = DefaultBins)
    {
        var counts = new int[bins];
        var (sums, right) = (new double[bins], new int[bins]);
        for (var i = 0; i < confidences.Length; i++)
        {
            var bin = Math.Clamp((int)MathF.Ceiling(confidences[i] * bins) - 1, 0, bins - 1);
            counts[bin]++;
            sums[bin] += confidences[i];
            right[bin] += correct[i] ? 1 : 0;
        }

        return [.. Enumerable.Range(0, bins).Select(b =>
            counts[b] == 0 ? new CalibrationBin(0, 0, 0) : new CalibrationBin(counts[b], sums[b] / counts[b], right[b] / (double)counts[b]))];
    }

    /// <summary>Expected calibration error: the mean over all predictions of |accuracy − confidence| of their bin.</summary>
    public static double Error(IReadOnlyList<CalibrationBin> bins)
    {
        return bins.Sum(b => b.Count * Math.Abs(b.Accuracy - b.Confidence)) / bins.Sum(b => (double)b.Count);
    }
}
