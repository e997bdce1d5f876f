using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>torchvision's <c>ColorJitter</c> of brightness, contrast and saturation: factors in [1 − s, 1 + s], in random order.</summary>
internal static class ColorJitter
{
    /// <summary>Changes <paramref name="image"/> in place.</summary>
    public static void Apply(Mat image, double strength, RandomStream random)
    {
        Span<int> order = [0, 1, 2];
        random.Shuffle(order);
        foreach (var operation in order)
        {
            var factor = random.Uniform(Math.Max(0, 1 - strength), 1 + strength);
            switch (operation)
            {
                case 0:
                    Enhancements.Brightness(image, factor);
                    break;
                case 1:
                    Enhancements.Contrast(image, factor);
                    break;
                default:
                    Enhancements.Saturation(image, factor);
                    break;
            }
        }
    }
}
