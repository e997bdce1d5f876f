using OneFractal.Data;
using OpenCvSharp;

namespace OneFractal.Evaluation;

/// <summary>Small pictures of images of a data set.</summary>
internal static class Pictures
{
    private const int Side = 96;

    /// <summary>An image as PNG, its longer side at most 96 pixels; null for one that cannot be decoded.</summary>
    public static byte[]? Png(IImageDataset images, int index)
    {
        Mat image;
        try
        {
            image = images.Load(index);
        }
        catch (BadImageException)
        {
            return null;
        }

        using (image)
        {
            using var shown = new Mat();
            var scale = Math.Min(1, Side / (double)Math.Max(image.Rows, image.Cols));
            Cv2.Resize(image, shown, new Size(Math.Max(1, image.Cols * scale), Math.Max(1, image.Rows * scale)), interpolation: InterpolationFlags.Area);
            if (shown.Channels() == 3)
            {
                Cv2.CvtColor(shown, shown, ColorConversionCodes.RGB2BGR);
            }

            Cv2.ImEncode(".png", shown, out var png);
            return png;
        }
    }
}
