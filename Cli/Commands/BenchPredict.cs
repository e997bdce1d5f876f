using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary><c>bench predict</c>: classifying files against the bare session call.</summary>
internal static class BenchPredict
{
    private const int Pictures = 64, Classes = 1000;

    /// <summary>Measures, prints and returns the figures.</summary>
    public static Dictionary<string, object> Run(BenchSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var measure = new PredictionBenchmarkSettings
        {
            Device = settings.Device,
            Threads = settings.Threads ?? 0,
            Workers = settings.Workers ?? 0,
            ParallelRuns = PredictSettings.ParallelRunsOf(settings.Threads),
            BatchSize = settings.Batch,
            Window = settings.WindowOr(2),
        };
        var (name, model) = settings.Files is [var file, ..]
            ? (file, OnnxModel.Load(file))
            : (settings.Backbone ?? "vit-tiny", Backbone.WithHead(Backbone.Create(settings.Backbone ?? "vit-tiny", seed: 0), [.. Enumerable.Range(0, Classes).Select(i => $"{i}")]));
        var folder = Directory.CreateTempSubdirectory("onefractal-bench-");
        try
        {
            IReadOnlyList<string> images = settings.Files.Length > 1 ? [.. ImageFiles.Find(settings.Files[1..])] : SamplePictures.Write(folder.FullName, Pictures);
            return Print(name, PredictionBenchmark.Run(model, images, measure, progress, cancellation));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Dictionary<string, object> Print(string name, PredictionBenchmarkReport report)
    {
        Tables.Print(
            [$"{name}, {report.Device}, batch {report.BatchSize}", "images/s", "CPU ms an image"],
            [
                ["bare session call", Number(report.SessionImagesPerSecond), Hundredths(report.SessionCpuMilliseconds)],
                [$"read, decode, preprocess: {report.Workers} threads", Number(report.DecodeImagesPerSecond), Hundredths(report.DecodeCpuMilliseconds)],
                [$"both: {report.ParallelRuns} runs side by side", Number(report.PipelineImagesPerSecond), "-"],
            ]);
        Console.WriteLine(FormattableString.Invariant(
            $"Pipeline over bare call: {report.PipelineToSessionRatio:0.000} (median of {report.Rounds} rounds, {report.LowestRatio:0.000} to {report.HighestRatio:0.000}); if the cores did this work and nothing else: {report.BoundRatio:0.000}."));
        return new Dictionary<string, object>
        {
            ["machine"] = Machine.Description,
            ["model"] = name,
            ["device"] = $"{report.Device}",
            ["threads"] = report.Threads,
            ["workers"] = report.Workers,
            ["parallel_runs"] = report.ParallelRuns,
            ["batch"] = report.BatchSize,
            ["files"] = report.Files,
            ["mean_file_bytes"] = Math.Round(report.MeanFileBytes),
            ["rounds"] = report.Rounds,
            ["images_per_round"] = report.ImagesPerRound,
            ["session_images_per_second"] = Math.Round(report.SessionImagesPerSecond, 1),
            ["decode_images_per_second"] = Math.Round(report.DecodeImagesPerSecond, 1),
            ["pipeline_images_per_second"] = Math.Round(report.PipelineImagesPerSecond, 1),
            ["pipeline_to_session_ratio"] = Math.Round(report.PipelineToSessionRatio, 4),
            ["lowest_ratio"] = Math.Round(report.LowestRatio, 4),
            ["highest_ratio"] = Math.Round(report.HighestRatio, 4),
            ["session_cpu_milliseconds"] = Math.Round(report.SessionCpuMilliseconds, 4),
            ["decode_cpu_milliseconds"] = Math.Round(report.DecodeCpuMilliseconds, 4),
            ["bound_ratio"] = Math.Round(report.BoundRatio, 4),
        };
    }

    private static string Number(double value) => FormattableString.Invariant($"{value:0.0}");

    private static string Hundredths(double value) => FormattableString.Invariant($"{value:0.00}");
}
