using OneFractal.Common;
using OneFractal.Data.Readers;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>
/// What a trained model sees: the image is resized so that the wanted size is <see cref="Preprocessing.CropFraction"/> of its shorter
/// side, and the centre is cropped (torchvision's <c>Resize</c> and <c>CenterCrop</c>). Nothing random.
/// </summary>
public sealed class EvaluationTransform(Preprocessing preprocessing) : ImageTransform(preprocessing)
{
    // Nothing is drawn from it.
    private static readonly RandomStream Unused = new(0);

    /// <summary>
    /// Transforms <paramref name="image"/> (8-bit, 3 channels or grey, any size; unchanged) and writes it to <paramref name="pixels"/>, as
    /// <see cref="ImageTransform.Apply(Mat, RandomStream, Span{float})"/> does.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="order">The order of its channels; the result is in R, G, B order all the same, and equal.</param>
    /// <param name="pixels">Where the result goes.</param>
    /// <exception cref="DataException">The image is so long and thin that it cannot be resized.</exception>
    public void Apply(Mat image, ChannelOrder order, Span<float> pixels) => Apply(image, order, Unused, pixels);

    /// <summary>Says of an image that it cannot be made the model's input, before a graph that resizes by itself tries to.</summary>
    /// <exception cref="DataException">It is so long and thin that it cannot be resized.</exception>
    public void Require(Mat image) => Cover(image);

    private protected override void Transform(Mat image, Mat target, RandomStream random)
    {
        var (width, height) = (Preprocessing.Width, Preprocessing.Height);
        var size = Cover(image);
        var left = (int)Math.Round((size.Width - width) / 2.0);
        var top = (int)Math.Round((size.Height - height) / 2.0);
        Resampling.Resize(image, target, size, new Rect(left, top, width, height), Preprocessing.Interpolation);
    }

    /// <summary>The size that an image is resized to.</summary>
    private Size Cover(Mat image)
    {
        var (width, height) = (Preprocessing.Width, Preprocessing.Height);
        var coverWidth = (int)(width / Preprocessing.CropFraction);
        var coverHeight = (int)(height / Preprocessing.CropFraction);
        // The side that needs the larger scale gets its size exactly; the other follows, cut to whole pixels as torchvision does.
        var widthDecides = (long)coverWidth * image.Rows >= (long)coverHeight * image.Cols;
        var size = widthDecides
            ? new Size(coverWidth, Math.Max(coverHeight, (int)((long)coverWidth * image.Rows / image.Cols)))
            : new Size(Math.Max(coverWidth, (int)((long)coverHeight * image.Cols / image.Rows)), coverHeight);

        if ((long)size.Width * size.Height > ImageFileFormat.MaximumPixels)
        {
            throw new DataException($"An image of {image.Cols}×{image.Rows} pixels is too long and thin: its shorter side cannot be resized to {Math.Min(coverWidth, coverHeight)}.");
        }

        return size;
    }
}
