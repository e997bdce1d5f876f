using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Inference;

namespace OneFractal.Cli.Commands;

/// <summary>Classifies image files. Exit code 1 when one of them could not be read.</summary>
internal sealed class PredictCommand : Verb<PredictSettings>
{
    /// <inheritdoc />
    protected override int Run(PredictSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        if (settings.Csv is not null && settings.Json)
        {
            throw new UsageException("Choose one of --csv and --json.");
        }

        using var classifier = Classifier.Load(settings.Model, new SessionSettings { Device = settings.Device, Threads = settings.Threads ?? 0 });
        var top = Math.Min(settings.Top, classifier.Labels.Count);
        var failed = 0;
        var predictions = FilePredictor
            .Predict(classifier, ImageFiles.Find(settings.Images), settings.Batch, settings.Workers ?? 0, cancellation)
            .Select(prediction =>
            {
                failed += prediction.Error is null ? 0 : 1;
                return prediction;
            });
        if (settings.Csv is { } file)
        {
            AtomicFile.Write(file, stream => PredictionWriter.WriteCsv(predictions, top, stream));
        }
        else if (settings.Json)
        {
            PredictionWriter.WriteJson(predictions, top, Console.Out);
        }
        else
        {
            PredictionWriter.WriteLines(predictions, top, Console.Out);
        }

        if (failed > 0)
        {
            Terminal.WriteErrorLine($"onefractal: {failed} of the images could not be read.");
        }

        return failed > 0 ? 1 : 0;
    }
}
