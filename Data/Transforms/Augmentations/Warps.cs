using OpenCvSharp;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>Geometric operations in PIL's conventions: a map from the result's coordinates to the source's, pixel centres at halves.</summary>
internal static class Warps
{
    /// <summary>Turns anticlockwise about the centre.</summary>
    public static void Rotate(Mat image, double degrees, Scalar fill, InterpolationFlags interpolation)
    {
        var (sin, cos) = Math.SinCos(-degrees * Math.PI / 180);
        var (x, y) = (image.Cols / 2.0, image.Rows / 2.0);
        Affine(image, cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y, fill, interpolation);
    }

    /// <summary>Pixel (x, y) shows what was at (a·x + b·y + c, d·x + e·y + f).</summary>
    public static void Affine(
        Mat image, double a, double b, double c, double d, double e, double f, Scalar fill, InterpolationFlags interpolation)
    {
        // OpenCV has pixel centres at whole numbers.
        double[] map = [a, b, c + (a + b - 1) / 2, d, e, f + (d + e - 1) / 2];
        using var matrix = Mat.FromPixelData(2, 3, MatType.CV_64FC1, map);
        using var source = image.Clone();
        Cv2.WarpAffine(source, image, matrix, image.Size(), interpolation | InterpolationFlags.WarpInverseMap, BorderTypes.Constant, fill);
    }
}
