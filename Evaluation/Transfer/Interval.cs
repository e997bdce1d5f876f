using MathNet.Numerics.Distributions;

namespace OneFractal.Evaluation;

/// <summary>A mean over seeds, and how far the true mean may be from it.</summary>
/// <param name="Mean">Mean of the values.</param>
/// <param name="HalfWidth">Half the width of the 95 % confidence interval by Student's t; null for a single value, of which nothing is known.</param>
/// <param name="Count">Number of values.</param>
public sealed record Interval(double Mean, double? HalfWidth, int Count)
{
    private const double Confidence = 0.95;

    /// <summary>Lower end, or null.</summary>
    public double? Low => Mean - HalfWidth;

    /// <summary>Upper end, or null.</summary>
    public double? High => Mean + HalfWidth;

    /// <summary>Mean ± t(0.975, n − 1) · s / √n, where s is the standard deviation of the sample.</summary>
    public static Interval Of(IReadOnlyCollection<double> values)
    {
        var n = values.Count;
        var mean = values.Average();
        if (n < 2)
        {
            return new Interval(mean, null, n);
        }

        var deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (n - 1));
        var t = StudentT.InvCDF(0, 1, n - 1, (1 + Confidence) / 2);
        return new Interval(mean, t * deviation / Math.Sqrt(n), n);
    }
}
