using OpenCvSharp;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>Operations that replace each value by one that depends on it alone, channel by channel (PIL's <c>ImageOps</c>).</summary>
internal static class ToneCurves
{
    private const int Levels = 256;

    /// <summary>The same curve for every channel.</summary>
    public static void Apply(Mat image, Func<int, int> curve)
    {
        var table = new byte[Levels];
        for (var value = 0; value < Levels; value++)
        {
            table[value] = (byte)curve(value);
        }

        using var lookup = Mat.FromPixelData(1, Levels, MatType.CV_8UC1, table);
        Cv2.LUT(image, lookup, image);
    }

    /// <summary>Stretches each channel linearly, so that its least value becomes 0 and its greatest 255.</summary>
    public static void AutoContrast(Mat image)
    {
        ApplyPerChannel(image, histogram =>
        {
            var low = Array.FindIndex(histogram, count => count > 0);
            var high = Array.FindLastIndex(histogram, count => count > 0);
            var scale = high > low ? 255.0 / (high - low) : 1;
            var offset = high > low ? -low * scale : 0;
            return value => Math.Clamp((int)(value * scale + offset), 0, 255);
        });
    }

    /// <summary>Makes each channel's values as evenly spread as its histogram allows.</summary>
    public static void Equalize(Mat image)
    {
        ApplyPerChannel(image, histogram =>
        {
            var greatest = histogram[Array.FindLastIndex(histogram, count => count > 0)];
            var step = (histogram.Sum() - greatest) / 255;
            if (step == 0)
            {
                return value => value;
            }

            var below = new int[Levels];
            var sum = step / 2;
            for (var value = 0; value < Levels; value++)
            {
                below[value] = Math.Min(sum / step, 255);
                sum += histogram[value];
            }

            return value => below[value];
        });
    }

    private static void ApplyPerChannel(Mat image, Func<int[], Func<int, int>> makeCurve)
    {
        if (image.Channels() == 1)
        {
            Apply(image, makeCurve(Histogram(image)));
            return;
        }

        var channels = Cv2.Split(image);
        try
        {
            foreach (var channel in channels)
            {
                Apply(channel, makeCurve(Histogram(channel)));
            }

            Cv2.Merge(channels, image);
        }
        finally
        {
            foreach (var channel in channels)
            {
                channel.Dispose();
            }
        }
    }

    private static int[] Histogram(Mat channel)
    {
        var histogram = new int[Levels];
        foreach (var value in channel.AsSpan<byte>())
        {
            histogram[value]++;
        }

        return histogram;
    }
}
