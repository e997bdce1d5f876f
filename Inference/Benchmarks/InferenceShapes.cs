namespace OneFractal.Inference;

/// <summary>What a model takes and gives.</summary>
/// <param name="InputName">Name of its input.</param>
/// <param name="Image">Shape of an image, or of a photo.</param>
/// <param name="TakesPhotos">Whether images are bytes.</param>
/// <param name="OutputName">Name of its output.</param>
/// <param name="Output">Shape of the output for an image.</param>
/// <param name="FixedBatch">The only batch size, or null.</param>
internal sealed record InferenceShapes(
    string InputName, IReadOnlyList<int> Image, bool TakesPhotos, string OutputName, IReadOnlyList<int> Output, int? FixedBatch)
{
    /// <summary>The shapes of a model. Photos are of the size that it resizes them to.</summary>
    public static InferenceShapes Of(ModelRunner runner)
    {
        IReadOnlyList<int> image = runner.TakesPhotos && runner.Metadata!.Preprocessing is var p
            ? [(int)(p.Height / p.CropFraction), (int)(p.Width / p.CropFraction), 3]
            : runner.ImageShape;
        return new InferenceShapes(runner.InputName, image, runner.TakesPhotos, runner.OutputName, runner.OutputShape, runner.FixedBatch);
    }
}
