using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Fine-tunes a backbone on labelled images, and shows what the classifier is worth and how it is used.</summary>
internal sealed class FinetuneCommand : Verb<FinetuneSettings>
{
    /// <inheritdoc />
    protected override int Run(FinetuneSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        if (settings.Data is null && settings.Resume is null)
        {
            throw new UsageException("Name the data: a folder of class folders, or fashion-mnist.");
        }

        var job = settings.ResolveJob(Finetuning.Verb, progress);
        var result = Finetuning.Run(settings.ToSettings(), job, cancellation);
        var report = ClassifierReport.Write(result, job, cancellation);
        List<string[]> rows =
        [
            ["classifier", result.Run.Classifier],
            ["trained on", result.Backend.OptionValue()],
            ["labelled images", Invariant($"{result.TrainingImages} learnt, {result.ValidationImages} to measure on")],
        ];
        if (result.Kept is { } kept)
        {
            rows.Add(["weights kept", Invariant($"of step {kept.Step} of {result.Metrics[^1].Step}; validation accuracy {kept.ValidationAccuracy:P2}")]);
        }

        rows.AddRange([
            ["test accuracy", Invariant($"{report.Test.Accuracy:P2} of {report.Test.Count} images")],
            ["balanced over classes", Invariant($"{report.Test.Confusion.BalancedAccuracy:P2}")],
            ["curves.png", result.Run.CurvesPng],
            .. report.Files.Select(file => (string[])[Path.GetFileName(file), file]),
        ]);
        Tables.Print(["", ""], rows);
        Console.WriteLine();
        Console.WriteLine("In C#, with a reference to OneFractal.Inference:");
        Console.WriteLine();
        Console.WriteLine(report.Snippet);
        return 0;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
