using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>
/// What a trained model sees: the image is resized so that the wanted size is <see cref="Preprocessing.CropFraction"/> of its shorter
/// side, and the centre is cropped (torchvision's <c>Resize</c> and <c>CenterCrop</c>). Nothing random.
/// </summary>
public sealed class EvaluationTransform(Preprocessing preprocessing) : ImageTransform(preprocessing)
{
    private protected override void Transform(Mat image, Mat target, RandomStream random)
    {
        var (width, height) = (Preprocessing.Width, Preprocessing.Height);
        var coverWidth = (int)(width / Preprocessing.CropFraction);
        var coverHeight = (int)(height / Preprocessing.CropFraction);
        // The side that needs the larger scale gets its size exactly; the other follows, cut to whole pixels as torchvision does.
        var widthDecides = (long)coverWidth * image.Rows >= (long)coverHeight * image.Cols;
        var size = widthDecides
            ? new Size(coverWidth, Math.Max(coverHeight, (int)((long)coverWidth * image.Rows / image.Cols)))
            : new Size(Math.Max(coverWidth, (int)((long)coverHeight * image.Cols / image.Rows)), coverHeight);

        if (size.Width == width && size.Height == height)
        {
            Resampling.Resize(image, target, size, Preprocessing.Interpolation);
            return;
        }

        using var resized = new Mat();
        Resampling.Resize(image, resized, size, Preprocessing.Interpolation);
        var left = (int)Math.Round((size.Width - width) / 2.0);
        var top = (int)Math.Round((size.Height - height) / 2.0);
        using var centre = new Mat(resized, new Rect(left, top, width, height));
        centre.CopyTo(target);
    }
}
