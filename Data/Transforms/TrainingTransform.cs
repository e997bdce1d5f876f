using OneFractal.Common;
using OneFractal.Data.Transforms.Augmentations;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>
/// Random variations of an image for training: blur, random resized crop, flips, brightness, RandAugment, colour jitter, and after
/// normalisation random erasing, in this order.
/// </summary>
public sealed class TrainingTransform : ImageTransform
{
    private readonly TrainingTransformSettings _settings;
    private readonly RandAugment? _randAugment;

    /// <summary>Training images of the size and normalisation of <paramref name="preprocessing"/>.</summary>
    /// <exception cref="UsageException">A setting is out of range.</exception>
    public TrainingTransform(Preprocessing preprocessing, TrainingTransformSettings settings)
        : base(preprocessing)
    {
        settings.Validate();
        _settings = settings;
        if (settings.RandAugment is { } randAugment)
        {
            // What comes in from outside is the mean colour, which is 0 after normalisation.
            var mean = Array.ConvertAll(preprocessing.Mean, value => Math.Min(255, Math.Round(255.0 * value)));
            _randAugment = new RandAugment(randAugment, mean.Length == 3 ? new Scalar(mean[0], mean[1], mean[2]) : Scalar.All(mean[0]));
        }
    }

    private protected override void Transform(Mat image, Mat target, RandomStream random)
    {
        var window = RandomResizedCrop.Sample(image.Size(), _settings.CropScale, _settings.CropRatio, random);
        using var crop = new Mat(image, window);
        var size = new Size(Preprocessing.Width, Preprocessing.Height);
        var interpolation = _settings.RandomInterpolation
            ? random.NextBool(0.5) ? Interpolation.Bilinear : Interpolation.Bicubic
            : _settings.Interpolation;
        if (random.NextBool(_settings.Blur))
        {
            using var blurred = new Mat();
            Cv2.GaussianBlur(crop, blurred, new Size(3, 3), 0);
            Resampling.Resize(blurred, target, size, interpolation);
        }
        else
        {
            Resampling.Resize(crop, target, size, interpolation);
        }

        Flip(target, random.NextBool(_settings.HorizontalFlip), random.NextBool(_settings.VerticalFlip));
        var brightness = random.Uniform(1 - _settings.Brightness, 1 + _settings.Brightness);
        if (_settings.Brightness > 0)
        {
            target.ConvertTo(target, -1, brightness);
        }

        _randAugment?.Apply(target, random);
        if (_settings.ColorJitter > 0)
        {
            ColorJitter.Apply(target, _settings.ColorJitter, random);
        }
    }

    private protected override void Finish(Span<float> pixels, RandomStream random)
    {
        if (_settings.RandomErasing > 0 && random.NextBool(_settings.RandomErasing))
        {
            RandomErasing.Apply(pixels, Preprocessing.Channels, Preprocessing.Height, Preprocessing.Width, random);
        }
    }

    private static void Flip(Mat image, bool horizontally, bool vertically)
    {
        if (horizontally || vertically)
        {
            Cv2.Flip(image, image, !vertically ? FlipMode.Y : horizontally ? FlipMode.XY : FlipMode.X);
        }
    }
}
