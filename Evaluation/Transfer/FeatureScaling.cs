namespace OneFractal.Evaluation;

/// <summary>Brings each feature to mean 0 and standard deviation 1 over the images that it was made from, so that one strength of L2 means the same for every backbone.</summary>
internal sealed class FeatureScaling
{
    // A feature that never changes, up to rounding, stays near 0 instead of being blown up.
    private const double Negligible = 1e-6;

    private readonly double[] _mean;
    private readonly double[] _scale;

    private FeatureScaling(double[] mean, double[] scale)
    {
        _mean = mean;
        _scale = scale;
    }

    public static FeatureScaling Of(FeatureMatrix features)
    {
        var (count, width) = (features.Count, features.Width);
        var (mean, scale) = (new double[width], new double[width]);
        for (var i = 0; i < features.Values.Length; i++)
        {
            mean[i % width] += features.Values[i] / (double)count;
        }

        for (var i = 0; i < features.Values.Length; i++)
        {
            var difference = features.Values[i] - mean[i % width];
            scale[i % width] += difference * difference / count;
        }

        for (var j = 0; j < width; j++)
        {
            var deviation = Math.Sqrt(scale[j]);
            scale[j] = deviation > Negligible * Math.Max(1, Math.Abs(mean[j])) ? 1 / deviation : 1;
        }

        return new FeatureScaling(mean, scale);
    }

    public FeatureMatrix Apply(FeatureMatrix features)
    {
        var scaled = new float[features.Values.Length];
        for (var i = 0; i < scaled.Length; i++)
        {
            var j = i % features.Width;
            scaled[i] = (float)((features.Values[i] - _mean[j]) * _scale[j]);
        }

        return features with { Values = scaled };
    }
}
