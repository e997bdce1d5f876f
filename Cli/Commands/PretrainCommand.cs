using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Pre-trains a backbone on 1p-frac.</summary>
internal sealed class PretrainCommand : Verb<PretrainSettings>
{
    /// <inheritdoc />
    protected override int Run(PretrainSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var job = settings.ResolveJob(Pretraining.Verb, progress) with { CacheBytes = (long)settings.CacheMb << 20 };
        var result = Pretraining.Run(
            new PretrainingSettings
            {
                Backbone = settings.Backbone,
                ImageSize = settings.ImageSize,
                Fractals = settings.ToFractals(),
                Set = settings.Set,
                Recipe = settings.ResolveRecipe("quick-cpu"),
                Seed = settings.Seed,
            },
            job,
            cancellation);
        var last = result.Metrics[^1];
        Tables.Print(
            ["", ""],
            [
                ["backbone", result.Run.Backbone],
                ["trained on", result.Backend.OptionValue()],
                ["pretext loss", last.TrainLoss.ToString("0.000", CultureInfo.InvariantCulture)],
                ["pretext accuracy", last.TrainAccuracy.ToString("P1", CultureInfo.InvariantCulture)],
                ["curves", result.Run.CurvesPng],
            ]);
        return 0;
    }
}
