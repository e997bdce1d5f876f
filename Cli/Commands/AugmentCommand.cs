using OneFractal.Cli.Settings;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OneFractal.Data.Transforms.Augmentations;

namespace OneFractal.Cli.Commands;

/// <summary>Shows what augmentation does to an image.</summary>
internal sealed class AugmentCommand : Verb<AugmentSettings>
{
    /// <inheritdoc />
    protected override int Run(AugmentSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var recipe = TrainingTransformSettings.PaperPretraining with { RandAugment = RandAugmentSettings.Parse(settings.RandAugment) };
        using var image = ImageDecoder.Load(settings.Image);
        AugmentationPreview.Write(settings.Preview, image, recipe, settings.Seed);
        Console.WriteLine($"Preview: {settings.Preview}");
        return 0;
    }
}
