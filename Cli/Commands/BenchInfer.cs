using System.Globalization;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Evaluation;
using OneFractal.Inference;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary><c>bench infer</c>: models alone, side by side.</summary>
internal static class BenchInfer
{
    private const string DefaultBackbone = "vit-tiny";

    /// <summary>Measures, prints, writes what was asked for, and returns the figures.</summary>
    public static Dictionary<string, object> Run(BenchSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("onefractal-bench-");
        try
        {
            return Run(settings, Models(settings, folder.FullName, progress, cancellation), progress, cancellation);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static IReadOnlyList<BenchmarkModel> Models(BenchSettings settings, string folder, IProgressReporter progress, CancellationToken cancellation)
    {
        if (settings.Precisions is not { } precisions)
        {
            return settings.Files.Length > 0
                ? [.. settings.Files.Select(file => BenchmarkModel.FromFile(file))]
                : [BenchmarkModel.FromModel(Backbone.Create(settings.Backbone ?? DefaultBackbone, seed: 0), settings.Backbone ?? DefaultBackbone)];
        }

        var files = settings.Files;
        if (files.Length == 0)
        {
            files = [Path.Combine(folder, settings.Backbone ?? DefaultBackbone)];
            Backbone.Create(settings.Backbone ?? DefaultBackbone, seed: 0).Save(files[0]);
        }

        return PrecisionVariants.Write(files, precisions, settings.Data, folder, progress, cancellation);
    }

    private static Dictionary<string, object> Run(
        BenchSettings settings, IReadOnlyList<BenchmarkModel> models, IProgressReporter progress, CancellationToken cancellation)
    {
        var report = InferenceEvaluation.Run(
            new InferenceEvaluationSettings { Speed = settings.ToInference(models), Data = settings.Data, TestImages = settings.TestImages }, progress, cancellation);
        Print(report);
        if (settings.Csv is { } csv)
        {
            report.WriteCsv(csv);
        }

        if (settings.Output is { } folder)
        {
            report.Write(folder);
            Console.WriteLine($"Everything is in {folder}: runs.csv, scenarios.csv, bench.json, latency.png, throughput.png.");
        }

        var figures = new Dictionary<string, object> { ["machine"] = Machine.Description };
        foreach (var (name, value) in report.ToJson())
        {
            figures[name] = value!;
        }

        return figures;
    }

    private static void Print(InferenceReport report)
    {
        var speed = report.Speed;
        var environment = speed.Environment;
        Console.WriteLine(FormattableString.Invariant(
            $"ONNX Runtime {environment.OnnxRuntime}, {(environment.Gpu is { } gpu ? gpu + ", " : "")}load average {environment.LoadAverage:0.0}, {environment.Date:yyyy-MM-dd HH:mm} UTC. Times in ms; percentiles are nearest ranks; CPU of one core."));
        Tables.Print(
            ["session", "device", "threads", "file, MB", "creation", "first run", "memory, MB", "peak working set, MB", "GPU, MB"],
            [.. speed.Sessions.Select(s => (string[])[
                s.Model, $"{s.Device}", Threads(s.Threads), Mega(s.FileBytes), Number(s.CreationMilliseconds), Number(s.FirstInferenceMilliseconds), Mega(s.MemoryBytes),
                Mega(s.PeakWorkingSetBytes), Mega(s.GpuBytes)])]);
        Console.WriteLine();
        Tables.Print(
            ["model", "device", "threads", "batch", "I/O", "runs", "min", "mean", "p50", "p90", "p95", "p99", "p99.9", "inferences/s", "images/s", "CPU", "warm-up"],
            [.. speed.Runs.Select(r => (string[])[
                r.Model, $"{r.Device}", Threads(r.Threads), $"{r.Batch}", Lower(r.Binding), $"{r.Latency.Count}", Number(r.Latency.Min), Number(r.Latency.Mean), Number(r.Latency.P50),
                Number(r.Latency.P90), Number(r.Latency.P95), Number(r.Latency.P99), Number(r.Latency.P999), Tenths(r.InferencesPerSecond), Tenths(r.ImagesPerSecond),
                $"{Whole(r.CpuPercent)} %", r.Stable ? $"{r.WarmUpRuns}" : $"{r.WarmUpRuns}, not stable"])]);
        if (report.Ratios.Count > 0)
        {
            Console.WriteLine();
            Tables.Print(
                ["time of", "over that of", "device", "threads", "batch", "ratio"],
                [.. report.Ratios.Select(r => (string[])[
                    r.What, r.Against, $"{r.Device}", Threads(r.Threads), $"{r.Batch}", FormattableString.Invariant($"{r.Ratio.Mean:0.000} ± {r.Ratio.HalfWidth ?? double.NaN:0.000}")])]);
        }

        if (speed.Scenarios.Count > 0)
        {
            Console.WriteLine();
            Tables.Print(
                ["scenario", "model", "device", "threads", "queries/s", "p50", "p90", "p99", "bound", "valid", "queries", "batch, mean", "largest"],
                [.. speed.Scenarios.Select(f => (string[])[
                    ScenarioRow.Name(f.Scenario), f.Model, $"{f.Device}", Threads(f.Threads), Tenths(f.QueriesPerSecond), Number(f.Latency.P50), Number(f.Latency.P90), Number(f.Latency.P99),
                    f.BoundMilliseconds is { } bound ? Number(bound) : "-", f.Valid switch { true => "yes", false => "no", null => "-" }, $"{f.Latency.Count}", Tenths(f.MeanBatch), $"{f.MaximumBatch}"])]);
        }

        if (report.Accuracy.Count > 0)
        {
            Console.WriteLine();
            Tables.Print(
                ["accuracy", "images", "top-1", "top-5", "loss", $"images/s at batch {speed.Runs.Max(r => r.Batch)}"],
                [.. report.Accuracy.Select(a => (string[])[
                    a.Model, $"{a.Images}", Percent(a.Top1), Percent(a.Top5), FormattableString.Invariant($"{a.Loss:0.0000}"),
                    Tenths(speed.Runs.Where(r => r.Model == a.Model).MaxBy(r => r.Batch)!.ImagesPerSecond)])]);
        }

        foreach (var note in speed.Notes)
        {
            Console.WriteLine(note);
        }
    }

    private static string Lower(IoBinding binding) => binding.ToString().ToLowerInvariant();

    private static string Threads(int threads) => threads > 0 ? threads.ToString(CultureInfo.InvariantCulture) : "auto";

    private static string Percent(double share) => FormattableString.Invariant($"{100 * share:0.00} %");

    private static string Whole(double value) => FormattableString.Invariant($"{value:0}");

    private static string Tenths(double value) => FormattableString.Invariant($"{value:0.0}");

    private static string Number(double milliseconds) => milliseconds.ToString(milliseconds < 10 ? "0.000" : "0.0", CultureInfo.InvariantCulture);

    private static string Mega(double? bytes) => bytes is { } value ? Tenths(value / 1e6) : "-";
}
