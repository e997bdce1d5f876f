using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Fine-tunes a backbone on labelled images.</summary>
internal sealed class FinetuneCommand : Verb<FinetuneSettings>
{
    /// <inheritdoc />
    protected override int Run(FinetuneSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        if (settings.Data is null && settings.Resume is null)
        {
            throw new UsageException("Name the data: a folder of class folders, or fashion-mnist.");
        }

        var result = Finetuning.Run(
            new FinetuningSettings
            {
                Data = settings.Data ?? "",
                Backbone = settings.Backbone,
                Foreign = settings.ResolveForeign(),
                FromScratch = settings.FromScratch,
                Labelled = settings.Labelled,
                Validation = settings.Validation,
                OnBadImage = settings.OnBadImage,
                Recipe = settings.ResolveRecipe("finetune-small"),
                Seed = settings.Seed,
            },
            settings.ResolveJob(Finetuning.Verb, progress),
            cancellation);
        Tables.Print(
            ["", ""],
            [
                ["classifier", result.Run.Classifier],
                ["trained on", result.Backend.OptionValue()],
                ["labelled images", result.TrainingImages.ToString(CultureInfo.InvariantCulture)],
                ["test accuracy", $"{result.Test.Accuracy.ToString("P2", CultureInfo.InvariantCulture)} of {result.Test.Count} images"],
                ["curves", result.Run.CurvesPng],
            ]);
        return 0;
    }
}
