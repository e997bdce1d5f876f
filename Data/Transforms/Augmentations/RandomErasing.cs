using OneFractal.Common;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>
/// Random erasing (Zhong et al. 2017) in timm's pixel mode: a rectangle of normalised pixels becomes standard normal noise. Its area is
/// 0.02 to 1/3 of the image, its ratio of height to width 0.3 to 1/0.3; ten tries to fit it.
/// </summary>
internal static class RandomErasing
{
    private const int Tries = 10;
    private const double MinimumArea = 0.02;
    private const double MaximumArea = 1.0 / 3;
    private const double MinimumAspect = 0.3;

    /// <summary>Changes <paramref name="pixels"/>, channels × height × width, in place.</summary>
    public static void Apply(Span<float> pixels, int channels, int height, int width, RandomStream random)
    {
        var logAspect = -Math.Log(MinimumAspect);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var area = random.Uniform(MinimumArea, MaximumArea) * height * width;
            var aspect = Math.Exp(random.Uniform(-logAspect, logAspect));
            var tall = (int)Math.Round(Math.Sqrt(area * aspect));
            var wide = (int)Math.Round(Math.Sqrt(area / aspect));
            if (tall >= height || wide >= width)
            {
                continue;
            }

            var top = random.NextInt(height - tall + 1);
            var left = random.NextInt(width - wide + 1);
            for (var channel = 0; channel < channels; channel++)
            {
                for (var row = top; row < top + tall; row++)
                {
                    foreach (ref var value in pixels.Slice((channel * height + row) * width + left, wide))
                    {
                        value = (float)random.NextGaussian();
                    }
                }
            }

            return;
        }
    }
}
