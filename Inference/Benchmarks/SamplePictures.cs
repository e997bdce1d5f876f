using OpenCvSharp;

namespace OneFractal.Inference;

/// <summary>Pictures for benchmarks where the user has none at hand: noise with the spectrum of photographs, whose JPEG files are as large as theirs.</summary>
public static class SamplePictures
{
    private const int Width = 500, Height = 375, Octaves = 6, Quality = 90;

    /// <summary>Writes <paramref name="count"/> JPEG files of 500×375 pixels, the size of most of ImageNet's, and returns their paths.</summary>
    public static IReadOnlyList<string> Write(string folder, int count, ulong seed = 0)
    {
        var paths = new string[count];
        for (var i = 0; i < count; i++)
        {
            paths[i] = Path.Combine(folder, $"{i:D4}.jpg");
            using var picture = Draw(new RandomStream(seed, (ulong)i));
            Cv2.ImEncode(".jpg", picture, out var bytes, new ImageEncodingParam(ImwriteFlags.JpegQuality, Quality));
            File.WriteAllBytes(paths[i], bytes);
        }

        return paths;
    }

    /// <summary>A sum of noise at all scales, each half as fine and twice as strong as the one before: amplitude falls as one over frequency.</summary>
    private static Mat Draw(RandomStream random)
    {
        using var sum = new Mat(Height, Width, MatType.CV_32FC3, Scalar.All(128));
        for (var octave = 0; octave < Octaves; octave++)
        {
            using var noise = new Mat((Height >> octave) + 2, (Width >> octave) + 2, MatType.CV_32FC3);
            var strength = 4 << octave;
            foreach (ref var value in noise.AsSpan<float>())
            {
                value = (float)random.Uniform(-strength, strength);
            }

            using var scaled = new Mat();
            Cv2.Resize(noise, scaled, new Size(Width, Height), interpolation: InterpolationFlags.Cubic);
            Cv2.Add(sum, scaled, sum);
        }

        var picture = new Mat();
        sum.ConvertTo(picture, MatType.CV_8UC3);
        return picture;
    }
}
