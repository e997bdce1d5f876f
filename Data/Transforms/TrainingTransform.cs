using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms;

/// <summary>Random variations of an image for training: blur, random resized crop, flips, brightness, in this order.</summary>
public sealed class TrainingTransform : ImageTransform
{
    private readonly TrainingTransformSettings _settings;

    /// <summary>Training images of the size and normalisation of <paramref name="preprocessing"/>.</summary>
    /// <exception cref="UsageException">A setting is out of range.</exception>
    public TrainingTransform(Preprocessing preprocessing, TrainingTransformSettings settings)
        : base(preprocessing)
    {
        settings.Validate();
        _settings = settings;
    }

    private protected override void Transform(Mat image, Mat target, RandomStream random)
    {
        var window = RandomResizedCrop.Sample(image.Size(), _settings.CropScale, _settings.CropRatio, random);
        using var crop = new Mat(image, window);
        var size = new Size(Preprocessing.Width, Preprocessing.Height);
        if (random.NextBool(_settings.Blur))
        {
            using var blurred = new Mat();
            Cv2.GaussianBlur(crop, blurred, new Size(3, 3), 0);
            Resampling.Resize(blurred, target, size, _settings.Interpolation);
        }
        else
        {
            Resampling.Resize(crop, target, size, _settings.Interpolation);
        }

        Flip(target, random.NextBool(_settings.HorizontalFlip), random.NextBool(_settings.VerticalFlip));
        var brightness = random.Uniform(1 - _settings.Brightness, 1 + _settings.Brightness);
        if (_settings.Brightness > 0)
        {
            target.ConvertTo(target, -1, brightness);
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
