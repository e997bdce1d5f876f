using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

/// <summary>Images that tests make for themselves.</summary>
internal static class TestImages
{
    /// <summary>A smooth colour gradient (R, G, B order) with a different tint per <paramref name="seed"/>.</summary>
    public static Mat Gradient(int width, int height, int seed = 0)
    {
        var image = new Mat(height, width, MatType.CV_8UC3);
        var pixels = image.AsSpan<byte>();
        for (var i = 0; i < width * height; i++)
        {
            pixels[3 * i] = (byte)(i % width * 255 / width);
            pixels[3 * i + 1] = (byte)(i / width * 255 / height);
            pixels[3 * i + 2] = (byte)(seed * 40 % 256);
        }

        return image;
    }

    /// <summary>Random bytes.</summary>
    public static Mat Noise(int width, int height, int channels, ulong seed = 0)
    {
        var image = new Mat(height, width, MatType.CV_8UC(channels));
        var random = new RandomStream(seed);
        foreach (ref var value in image.AsSpan<byte>())
        {
            value = (byte)random.NextInt(256);
        }

        return image;
    }

    /// <summary>Writes an R, G, B or grey image in the format of the path's suffix.</summary>
    public static void Write(string path, Mat image, params ImageEncodingParam[] parameters)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var stored = image.Channels() == 3 ? image.CvtColor(ColorConversionCodes.RGB2BGR) : image.Clone();
        Cv2.ImEncode(Path.GetExtension(path), stored, out var bytes, parameters);
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Class folders a, b, ... with <paramref name="perClass"/> small PNGs each.</summary>
    public static void WriteClassFolders(string folder, int classes, int perClass)
    {
        for (var label = 0; label < classes; label++)
        {
            for (var i = 0; i < perClass; i++)
            {
                using var image = Gradient(24, 20, label * perClass + i);
                Write(Path.Combine(folder, ((char)('a' + label)).ToString(), $"{i:D3}.png"), image);
            }
        }
    }
}
