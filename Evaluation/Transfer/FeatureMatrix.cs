namespace OneFractal.Evaluation;

/// <summary>A vector of features, or of logits, for each of a number of images.</summary>
/// <param name="Values">[images, width].</param>
/// <param name="Width">Values of an image.</param>
internal sealed record FeatureMatrix(float[] Values, int Width)
{
    /// <summary>Number of images.</summary>
    public int Count => Values.Length / Width;

    /// <summary>The images of two matrices, those of this one first.</summary>
    public FeatureMatrix Concat(FeatureMatrix other) => new([.. Values, .. other.Values], Width);
}
