using OpenCvSharp;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>Blends of an image with a degenerate version of itself (PIL's <c>ImageEnhance</c>): factor 0 gives that version, 1 the image.</summary>
internal static class Enhancements
{
    // PIL's SMOOTH filter.
    private static readonly float[] SmoothKernel = [1 / 13f, 1 / 13f, 1 / 13f, 1 / 13f, 5 / 13f, 1 / 13f, 1 / 13f, 1 / 13f, 1 / 13f];

    /// <summary>Away from black.</summary>
    public static void Brightness(Mat image, double factor) => image.ConvertTo(image, -1, factor);

    /// <summary>Away from the mean grey.</summary>
    public static void Contrast(Mat image, double factor)
    {
        using var grey = ToGrey(image);
        var mean = Math.Floor(Cv2.Mean(grey).Val0 + 0.5);
        image.ConvertTo(image, -1, factor, (1 - factor) * mean);
    }

    /// <summary>Away from grey; a grey image stays.</summary>
    public static void Saturation(Mat image, double factor)
    {
        if (image.Channels() == 1)
        {
            return;
        }

        using var grey = ToGrey(image);
        using var colourless = grey.CvtColor(ColorConversionCodes.GRAY2RGB);
        Cv2.AddWeighted(image, factor, colourless, 1 - factor, 0, image);
    }

    /// <summary>Away from the blurred image; the outermost pixels stay.</summary>
    public static void Sharpness(Mat image, double factor)
    {
        if (image.Rows < 3 || image.Cols < 3)
        {
            return;
        }

        using var kernel = Mat.FromPixelData(3, 3, MatType.CV_32FC1, SmoothKernel);
        using var smooth = new Mat();
        Cv2.Filter2D(image, smooth, -1, kernel);
        var inside = new Rect(1, 1, image.Cols - 2, image.Rows - 2);
        using var imageInside = new Mat(image, inside);
        using var smoothInside = new Mat(smooth, inside);
        Cv2.AddWeighted(imageInside, factor, smoothInside, 1 - factor, 0, imageInside);
    }

    private static Mat ToGrey(Mat image) => image.Channels() == 1 ? image.Clone() : image.CvtColor(ColorConversionCodes.RGB2GRAY);
}
