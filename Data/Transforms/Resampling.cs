using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>Resizing that averages over the source area where it shrinks.</summary>
internal static class Resampling
{
    /// <summary>Writes <paramref name="source"/> at <paramref name="size"/> to <paramref name="target"/>, which must be another matrix.</summary>
    public static void Resize(Mat source, Mat target, Size size, Interpolation interpolation)
    {
        Resize(source, target, size, new Rect(0, 0, size.Width, size.Height), interpolation);
    }

    /// <summary>The same, and only the part <paramref name="crop"/> of the result.</summary>
    public static void Resize(Mat source, Mat target, Size size, Rect crop, Interpolation interpolation)
    {
        if (interpolation != Interpolation.Nearest && source.Size() != size && AreaResize.Supports(source, size))
        {
            AreaResize.Resize(source, target, size, crop);
            return;
        }

        if (crop.Size == size)
        {
            Whole(source, target, size, interpolation);
            return;
        }

        using var whole = new Mat();
        Whole(source, whole, size, interpolation);
        using var part = new Mat(whole, crop);
        part.CopyTo(target);
    }

    private static void Whole(Mat source, Mat target, Size size, Interpolation interpolation)
    {
        if (source.Size() == size)
        {
            source.CopyTo(target);
            return;
        }

        var shrinksX = size.Width < source.Cols;
        var shrinksY = size.Height < source.Rows;
        if (interpolation == Interpolation.Nearest || shrinksX == shrinksY || size.Width == source.Cols || size.Height == source.Rows)
        {
            var shrinks = shrinksX || shrinksY;
            Cv2.Resize(source, target, size, interpolation: Flags(interpolation, shrinks));
            return;
        }

        // OpenCV's area average works only where no axis grows, so the axes are resized in turn, the shrinking one first.
        using var between = new Mat();
        var first = shrinksX ? new Size(size.Width, source.Rows) : new Size(source.Cols, size.Height);
        Cv2.Resize(source, between, first, interpolation: Flags(interpolation, shrinks: true));
        Cv2.Resize(between, target, size, interpolation: Flags(interpolation, shrinks: false));
    }

    private static InterpolationFlags Flags(Interpolation interpolation, bool shrinks) => interpolation switch
    {
        Interpolation.Nearest => InterpolationFlags.Nearest,
        _ when shrinks => InterpolationFlags.Area,
        Interpolation.Bicubic => InterpolationFlags.Cubic,
        _ => InterpolationFlags.Linear,
    };
}
