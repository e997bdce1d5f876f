using System.Globalization;
using CsvHelper;
using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What one wants to know of a classifier that was just fine-tuned.</summary>
/// <param name="Test">How it does on the test images, through ONNX Runtime: what a deployment would score.</param>
/// <param name="Files">What was written into the run folder.</param>
/// <param name="Snippet">C# that uses the classifier file.</param>
public sealed record ClassifierReport(TestSetResult Test, IReadOnlyList<string> Files, string Snippet)
{
    private static readonly ContactSheetSettings Sheet = new() { Rows = 5, Tile = 160, CaptionLines = 2 };

    /// <summary>
    /// Tests the classifier file and writes the confusion matrix (<c>confusion.png</c>), the figures of each class (<c>classes.csv</c>) and, if there are any, the
    /// surest mistakes (<c>mistakes.png</c>, <c>mistakes.csv</c>) into its run folder.
    /// </summary>
    /// <param name="finetuned">The run.</param>
    /// <param name="options">Where to compute.</param>
    /// <param name="cancellation">Ends the test.</param>
    /// <exception cref="OneFractalException">The file, or a test image, cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ClassifierReport Write(FinetuningResult finetuned, JobOptions options, CancellationToken cancellation = default)
    {
        var run = finetuned.Run;
        using var images = Finetuning.Open(finetuned.Settings, DatasetSplit.Test, run, options, cancellation);
        using var classifier = Classifier.Load(run.Classifier, new SessionSettings { Device = options.Device, Threads = options.Threads });
        var loader = LoaderSettings.ForEvaluation(classifier.Preprocessing, options.Workers);
        var test = TestSet.Evaluate(classifier, images, loader, options.Progress, cancellation);
        ConfusionPlot.Write(
            run.ConfusionPng, string.Create(CultureInfo.InvariantCulture, $"{100 * test.Accuracy:0.0} % of {test.Count} test images are right"), test.Confusion, classifier.Labels);
        WriteCsv(run.ClassesCsv, ClassRow.Of(test.Confusion, classifier.Labels));
        List<string> files = [run.ConfusionPng, run.ClassesCsv];
        // Those of an earlier attempt are not of this one.
        File.Delete(run.MistakesPng);
        File.Delete(run.MistakesCsv);
        if (test.Mistakes.Count > 0)
        {
            ContactSheet.Write(
                run.MistakesPng,
                test.Mistakes.Select(m => (string.Create(CultureInfo.InvariantCulture, $"{classifier.Labels[m.Label]}\n-> {classifier.Labels[m.Predicted]} {100 * m.Probability:0} %"), images.Load(m.Index))),
                Sheet);
            WriteCsv(run.MistakesCsv, test.Mistakes.Select(m => new MistakeRow
            {
                Path = images.Describe(m.Index),
                Label = classifier.Labels[m.Label],
                Predicted = classifier.Labels[m.Predicted],
                Probability = Math.Round(m.Probability, 5),
            }));
            files.AddRange([run.MistakesPng, run.MistakesCsv]);
        }

        return new ClassifierReport(test, files, UsageSnippet.For(run.Classifier));
    }

    private static void WriteCsv<T>(string path, IEnumerable<T> rows)
    {
        AtomicFile.Write(path, stream =>
        {
            using var writer = CsvWriter.Create(stream, leaveOpen: true);
            writer.WriteRecords(rows);
        });
    }
}
