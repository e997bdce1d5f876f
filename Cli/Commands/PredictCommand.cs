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
        var write = Writer(settings);
        var files = settings.FindImages(Console.In, cancellation);
        var session = new SessionSettings { Device = settings.Device, Threads = settings.Threads ?? 0, ParallelRuns = PredictSettings.ParallelRunsOf(settings.Threads) };
        using var classifier = Classifier.Load(settings.Model, session);
        var top = Math.Min(settings.Top, classifier.Labels.Count);
        long count = 0, failed = 0;
        var predictions = FilePredictor.Predict(classifier, files, settings.Batch, settings.Workers ?? 0, cancellation).Select(prediction =>
        {
            count++;
            failed += prediction.Error is null ? 0 : 1;
            return prediction;
        });
        write(predictions, top);
        if (failed > 0)
        {
            Terminal.WriteErrorLine($"onefractal: {failed} of {count} images could not be read.");
        }

        return failed > 0 ? 1 : 0;
    }

    private static Action<IEnumerable<FilePrediction>, int> Writer(PredictSettings settings)
    {
        if (settings.Csv is { } csv)
        {
            return settings.Json || settings.Output is not null
                ? throw new UsageException("Choose one of --csv and --json; --output is for what is printed otherwise.")
                : (predictions, top) => AtomicFile.Write(csv, stream => PredictionWriter.WriteCsv(predictions, top, stream));
        }

        Action<IEnumerable<FilePrediction>, int, TextWriter> format = settings.Json ? PredictionWriter.WriteJson : PredictionWriter.WriteLines;
        return settings.Output is { } file
            ? (predictions, top) => AtomicFile.Write(file, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                format(predictions, top, writer);
            })
            : (predictions, top) => Print(predictions, top, format);
    }

    private static void Print(IEnumerable<FilePrediction> predictions, int top, Action<IEnumerable<FilePrediction>, int, TextWriter> format)
    {
        // Console.Out writes each line by itself, which takes longer than classifying small images; a terminal still sees every batch.
        using var writer = new StreamWriter(Console.OpenStandardOutput(), leaveOpen: true) { AutoFlush = Terminal.IsOutTerminal };
        format(predictions, top, writer);
    }
}
