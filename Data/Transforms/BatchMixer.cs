using OneFractal.Common;

namespace OneFractal.Data.Transforms;

/// <summary>Mixes each image of a batch with the one at the same place from the end.</summary>
internal sealed class BatchMixer
{
    private readonly MixSettings _settings;

    public BatchMixer(MixSettings settings)
    {
        settings.Validate();
        _settings = settings;
    }

    /// <summary>
    /// Mixes <paramref name="pixels"/> (count images, NCHW) in place and returns λ, the weight of each image's own label; the label of the
    /// image from the end has 1 − λ. It is 1 when nothing was mixed.
    /// </summary>
    public float Apply(Span<float> pixels, int count, int height, int width, RandomStream random)
    {
        if (!random.NextBool(_settings.Probability) || (_settings.MixupAlpha == 0 && _settings.CutMixAlpha == 0))
        {
            return 1;
        }

        var both = _settings.MixupAlpha > 0 && _settings.CutMixAlpha > 0;
        var cut = both ? random.NextBool(_settings.SwitchProbability) : _settings.CutMixAlpha > 0;
        var share = BetaDistribution.Sample(cut ? _settings.CutMixAlpha : _settings.MixupAlpha, random);
        return cut ? CutMix(pixels, count, height, width, share, random) : Mixup(pixels, count, (float)share);
    }

    private static float Mixup(Span<float> pixels, int count, float share)
    {
        var length = pixels.Length / count;
        for (var i = 0; i < count / 2; i++)
        {
            var first = pixels.Slice(i * length, length);
            var second = pixels.Slice((count - 1 - i) * length, length);
            for (var k = 0; k < length; k++)
            {
                var (a, b) = (first[k], second[k]);
                first[k] = a * share + b * (1 - share);
                second[k] = b * share + a * (1 - share);
            }
        }

        return share;
    }

    private static float CutMix(Span<float> pixels, int count, int height, int width, double share, RandomStream random)
    {
        var side = Math.Sqrt(1 - share);
        var (tall, wide) = ((int)(height * side), (int)(width * side));
        var (y, x) = (random.NextInt(height), random.NextInt(width));
        var (top, bottom) = (Math.Clamp(y - tall / 2, 0, height), Math.Clamp(y + tall / 2, 0, height));
        var (left, right) = (Math.Clamp(x - wide / 2, 0, width), Math.Clamp(x + wide / 2, 0, width));
        var length = pixels.Length / count;
        for (var i = 0; i < count / 2; i++)
        {
            var first = pixels.Slice(i * length, length);
            var second = pixels.Slice((count - 1 - i) * length, length);
            for (var plane = 0; plane < length; plane += height * width)
            {
                for (var row = top; row < bottom; row++)
                {
                    Swap(first.Slice(plane + row * width + left, right - left), second.Slice(plane + row * width + left, right - left));
                }
            }
        }

        // The rectangle may have been cut at the border, so its true share counts.
        return 1 - (bottom - top) * (right - left) / (float)(height * width);
    }

    private static void Swap(Span<float> first, Span<float> second)
    {
        for (var i = 0; i < first.Length; i++)
        {
            (first[i], second[i]) = (second[i], first[i]);
        }
    }
}
