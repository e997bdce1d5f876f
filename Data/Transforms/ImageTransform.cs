using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>Makes a model's input of an image. Thread-safe: all randomness comes from the stream given.</summary>
public abstract class ImageTransform
{
    private readonly PixelNormalizer _normalizer;

    private protected ImageTransform(Preprocessing preprocessing)
    {
        Preprocessing = preprocessing;
        _normalizer = new PixelNormalizer(preprocessing);
    }

    /// <summary>Size, channels and normalisation of the result.</summary>
    public Preprocessing Preprocessing { get; }

    /// <summary>Number of values of one result: channels × height × width.</summary>
    public int OutputLength => Preprocessing.Channels * Preprocessing.Height * Preprocessing.Width;

    /// <summary>
    /// Transforms <paramref name="image"/> (8-bit, R, G, B or grey, any size; unchanged) and writes it to <paramref name="pixels"/>:
    /// <see cref="OutputLength"/> normalised values, channel by channel, row by row.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="random">Where random choices come from.</param>
    /// <param name="pixels">Where the result goes.</param>
    public void Apply(Mat image, RandomStream random, Span<float> pixels) => Apply(image, ChannelOrder.Rgb, random, pixels);

    /// <summary>The same for an image of either order, where <see cref="Transform"/> treats all channels alike.</summary>
    private protected void Apply(Mat image, ChannelOrder order, RandomStream random, Span<float> pixels)
    {
        using var work = new Mat();
        if (Preprocessing.Channels == 1 && image.Channels() == 3)
        {
            using var grey = new Mat();
            Cv2.CvtColor(image, grey, order == ChannelOrder.Rgb ? ColorConversionCodes.RGB2GRAY : ColorConversionCodes.BGR2GRAY);
            Transform(grey, work, random);
        }
        else
        {
            Transform(image, work, random);
        }

        _normalizer.Write(work, order, pixels);
        Finish(pixels[..OutputLength], random);
    }

    /// <summary>Writes the transformed image, of the final size and the source's channels, to <paramref name="target"/>.</summary>
    private protected abstract void Transform(Mat image, Mat target, RandomStream random);

    /// <summary>What is done to the normalised pixels.</summary>
    private protected virtual void Finish(Span<float> pixels, RandomStream random)
    {
    }
}
