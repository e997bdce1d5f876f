using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>torchvision's <c>RandomResizedCrop</c>: a window of random area and ratio; ten tries, then the largest central one.</summary>
internal static class RandomResizedCrop
{
    private const int Tries = 10;

    /// <summary>Chooses the window of an image of <paramref name="size"/>.</summary>
    public static Rect Sample(Size size, (double Min, double Max) scale, (double Min, double Max) ratio, RandomStream random)
    {
        var area = (double)size.Width * size.Height;
        var (logMin, logMax) = (Math.Log(ratio.Min), Math.Log(ratio.Max));
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var wanted = area * random.Uniform(scale.Min, scale.Max);
            var aspect = Math.Exp(random.Uniform(logMin, logMax));
            var width = (int)Math.Round(Math.Sqrt(wanted * aspect));
            var height = (int)Math.Round(Math.Sqrt(wanted / aspect));
            if (width > 0 && width <= size.Width && height > 0 && height <= size.Height)
            {
                return new Rect(random.NextInt(size.Width - width + 1), random.NextInt(size.Height - height + 1), width, height);
            }
        }

        return Central(size, ratio);
    }

    private static Rect Central(Size size, (double Min, double Max) ratio)
    {
        var (width, height) = (size.Width, size.Height);
        var aspect = (double)width / height;
        if (aspect < ratio.Min)
        {
            height = Math.Min(height, (int)Math.Round(width / ratio.Min));
        }
        else if (aspect > ratio.Max)
        {
            width = Math.Min(width, (int)Math.Round(height * ratio.Max));
        }

        return new Rect((size.Width - width) / 2, (size.Height - height) / 2, width, height);
    }
}
