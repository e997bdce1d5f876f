using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Runs the whole path and prints what was measured.</summary>
internal sealed class QuickstartCommand : Verb<Settings.QuickstartSettings>
{
    /// <inheritdoc />
    protected override int Run(Settings.QuickstartSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var report = Quickstart.Run(settings.ToSettings(), settings.ResolveJob("quickstart", progress), cancellation);
        var (pretrained, scratch, pretext) = (report.Pretrained, report.Scratch, report.Pretraining[^1]);
        List<string[]> rows =
        [
            [$"test accuracy, pre-trained on one fractal", Accuracy(pretrained)],
            ["test accuracy, from scratch, same budget", Accuracy(scratch)],
            ["budget of each", Invariant($"{pretrained.Finetuning.TrainingImages} labelled images, {pretrained.Finetuning.Metrics[^1].Step} steps")],
            ["fractals drawn", Invariant($"{report.RenderedImages} in {report.RenderSeconds:0.00} s, PNG encoding included")],
            ["pre-training", Invariant($"{pretext.Step} steps, {report.Pretraining.Average(r => r.ImagesPerSecond):0} images/s on {report.Backend.OptionValue()}; classes told apart: {pretext.TrainAccuracy:P1}")],
        ];
        rows.AddRange(report.Verification.Runtimes
            .Where(r => r.MaxAbsoluteError is not null || r.Status == VerificationStatus.Failed)
            .Select(r => (string[])[
                $"parity, {r.Runtime}",
                r.MaxAbsoluteError is { } error ? Invariant($"{r.Status.ToString().ToLowerInvariant()}, largest difference {error:0.0e+0}") : "failed: " + r.Detail]));
        rows.Add(["inference, ONNX Runtime " + report.Latency.Device, Invariant(
            $"{report.Latency.MedianMilliseconds:0.00} ms an image (p95 {report.Latency.P95Milliseconds:0.00}), {report.Latency.ImagesPerSecond:0} images/s at batch {report.Latency.BatchSize}")]);
        rows.Add(["time, all of it", Invariant($"{report.Elapsed.TotalMinutes:0.0} min")]);
        Tables.Print(["", "measured"], rows);
        Console.WriteLine();
        Console.WriteLine($"Everything is in {report.Run.Path}:");
        foreach (var path in Directory.EnumerateFiles(report.Run.Path).Order(StringComparer.Ordinal))
        {
            Console.WriteLine($"  {Path.GetFileName(path)}");
        }

        Console.WriteLine();
        Console.WriteLine($"Next: ./onefractal predict {report.Run.Classifier} your-image.png");
        return report.Verification.Passed ? 0 : 1;
    }

    private static string Accuracy(QuickstartStart start)
    {
        return Invariant($"{start.Deployed.Accuracy:P2} of {start.Deployed.Count} images (ONNX Runtime)");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
