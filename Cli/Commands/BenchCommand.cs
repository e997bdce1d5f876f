using System.Text.Json;
using OneFractal.Cli.Output;
using OneFractal.Cli.Settings;
using OneFractal.Data.Benchmarks;
using OneFractal.Data.Fractals;
using OneFractal.Data.Loading;
using OneFractal.Data.Synthesis;
using OneFractal.Data.Transforms;
using OneFractal.Evaluation;
using OneFractal.Training;

namespace OneFractal.Cli.Commands;

/// <summary>Measures how fast this machine draws fractals, makes batches, trains, predicts and runs models.</summary>
internal sealed class BenchCommand : Verb<BenchSettings>
{
    /// <inheritdoc />
    protected override int Run(BenchSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        settings.Check();
        Console.WriteLine(Machine.Description);
        var figures = settings.What switch
        {
            BenchSubject.Synth => Synth(settings, progress, cancellation),
            BenchSubject.Data => Data(settings, progress, cancellation),
            BenchSubject.Train => Train(settings, progress, cancellation),
            BenchSubject.Predict => BenchPredict.Run(settings, progress, cancellation),
            BenchSubject.Infer => BenchInfer.Run(settings, progress, cancellation),
            _ => Graph(settings, progress, cancellation),
        };
        if (settings.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(figures));
        }

        return 0;
    }

    private static Dictionary<string, object> Synth(BenchSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var rates = SynthesisBenchmark.Run(progress, settings.WindowOr(0.3), cancellation);
        Tables.Print(
            ["mode", "pixels", "images/s per core", "images/s, all cores", "ms, an image alone"],
            [.. rates.Select(r => (string[])[r.Mode, $"{r.Size}", Number(r.ImagesPerSecondPerCore), Number(r.ImagesPerSecond), FormattableString.Invariant($"{r.MillisecondsAlone:0.000}")])]);
        var figures = new Dictionary<string, object> { ["machine"] = Machine.Description, ["points"] = new RenderSettings().Points };
        foreach (var rate in rates)
        {
            figures[$"{rate.Mode}_{rate.Size}_images_per_second_per_core"] = Math.Round(rate.ImagesPerSecondPerCore, 1);
            figures[$"{rate.Mode}_{rate.Size}_images_per_second"] = Math.Round(rate.ImagesPerSecond, 1);
            figures[$"{rate.Mode}_{rate.Size}_alone_milliseconds"] = Math.Round(rate.MillisecondsAlone, 4);
        }

        return figures;
    }

    private static Dictionary<string, object> Data(BenchSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var fractals = new FractalSetSettings { Classes = 200, Render = new RenderSettings { Size = 128, Points = 30_000 } };
        // Nothing is kept, so that every image is drawn, as in a set that is larger than memory.
        using var dataset = new SyntheticDataset(FractalSet.Create(fractals, cancellation), cacheBytes: 0);
        var backbone = settings.Backbone ?? "vit-micro";
        var preprocessing = Backbone.Create(backbone, seed: 0).Metadata!.Preprocessing;
        var augmentation = new AugmentationRecipe { VerticalFlip = 0.5, RandAugment = "rand-m9-mstd0.5-inc1", ColorJitter = 0.4, RandomErasing = 0.5, Mixup = 0.8, CutMix = 1 };
        var loaderSettings = new LoaderSettings { Mix = augmentation.ToMixSettings() };
        loaderSettings = settings.Workers is > 0 and var workers ? loaderSettings with { Workers = workers } : loaderSettings;
        var loader = LoaderBenchmark.Run(dataset, new TrainingTransform(preprocessing, augmentation.ToSettings()), loaderSettings, cancellation: cancellation);
        var recipe = new TrainingRecipe { Steps = settings.Steps, WarmupSteps = 0, Augmentation = augmentation };
        var waiting = DataWaitBenchmark.Run(
            new PretrainingSettings { Backbone = backbone, Fractals = fractals, Recipe = recipe }, progress, cancellation);
        Tables.Print(
            ["stage", "measured"],
            [
                ["draw a fractal (128 px), one thread", $"{Number(loader.LoadImagesPerSecond)} images/s"],
                ["augment and normalise, one thread", $"{Number(loader.TransformImagesPerSecond)} images/s"],
                [$"whole loader, threads: {loader.Workers}", $"{Number(loader.LoaderImagesPerSecond)} images/s"],
                [$"training {backbone} waits for data", FormattableString.Invariant($"{waiting:P2} of its time")],
            ]);
        return new Dictionary<string, object>
        {
            ["machine"] = Machine.Description,
            ["load_images_per_second"] = Math.Round(loader.LoadImagesPerSecond, 1),
            ["transform_images_per_second"] = Math.Round(loader.TransformImagesPerSecond, 1),
            ["loader_workers"] = loader.Workers,
            ["loader_images_per_second"] = Math.Round(loader.LoaderImagesPerSecond, 1),
            ["backbone"] = backbone,
            ["data_wait_fraction"] = Math.Round(waiting, 4),
        };
    }

    private static Dictionary<string, object> Graph(BenchSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var results = GraphBenchmark.Run(settings.Steps, settings.Device, settings.Threads ?? 0, progress, cancellation);
        return Comparison(results, ("graph", "graph"), ("by hand", "module"), "_step_ratio");
    }

    private static Dictionary<string, object> Train(BenchSettings settings, IProgressReporter progress, CancellationToken cancellation)
    {
        var results = TrainBenchmark.Run([], settings.Steps, settings.Device, settings.Threads ?? 0, progress, cancellation);
        return Comparison(results, ("ONNX Runtime", "onnxruntime"), ("TorchSharp", "torchsharp"), "_ratio");
    }

    private static Dictionary<string, object> Comparison(
        IReadOnlyList<StepComparisonResult> results, (string Title, string Key) side, (string Title, string Key) baseline, string ratioKey)
    {
        Tables.Print(
            ["network", "batch", $"{side.Title}, ms", $"{baseline.Title}, ms", "ratio", $"{side.Title}, MB", $"{baseline.Title}, MB", "ratio"],
            [.. results.Select(r => (string[])[
                $"{r.Name}, {r.ImageSize} px", $"{r.Batch}", Tenths(1000 * r.Seconds), Tenths(1000 * r.BaselineSeconds), Ratio(r.TimeRatio),
                Tenths(r.Bytes / 1e6), Tenths(r.BaselineBytes / 1e6), Ratio(r.MemoryRatio)])]);
        var figures = new Dictionary<string, object> { ["machine"] = Machine.Description };
        foreach (var result in results)
        {
            var key = result.Name.Replace('-', '_');
            figures[key + ratioKey] = Math.Round(result.TimeRatio, 4);
            figures[$"{key}_{side.Key}_milliseconds"] = Math.Round(1000 * result.Seconds, 2);
            figures[$"{key}_{baseline.Key}_milliseconds"] = Math.Round(1000 * result.BaselineSeconds, 2);
            if (result.MemoryRatio is { } memory)
            {
                figures[$"{key}_memory_ratio"] = Math.Round(memory, 4);
            }
        }

        return figures;
    }

    private static string Tenths(double? value) => value is { } v ? FormattableString.Invariant($"{v:0.0}") : "–";

    private static string Ratio(double? value) => value is { } v ? FormattableString.Invariant($"{v:0.000}") : "–";

    private static string Number(double value) => FormattableString.Invariant($"{value:0}");
}
