using System.ComponentModel;
using System.Globalization;
using OneFractal.Evaluation;
using OneFractal.Inference;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>bench</c>. Some take lists where it is <c>infer</c>, so that they are not those of <see cref="ComputeSettings"/>.</summary>
internal sealed class BenchSettings : VerbSettings
{
    [CommandArgument(0, "<WHAT>")]
    [Description("synth: how fast fractals are drawn; data: how fast batches are made, and how long training waits for them; graph: train steps through the ONNX graph against networks written by hand; train: train steps on ONNX Runtime against TorchSharp; predict: classifying files against the bare session call; infer: models alone, side by side")]
    public required BenchSubject What { get; init; }

    [CommandArgument(1, "[FILES]")]
    [Description("infer: ONNX models of images, the first of which the others are held against; predict: a classifier, then images, folders or globs (default: --backbone with 1000 classes, and pictures of 500x375 pixels)")]
    public string[] Files { get; init; } = [];

    [CommandOption(OptionNames.Device)]
    [Description("Where to compute: auto, cpu or cuda[[:N]] (matrix products in TF32); infer: several with commas between them")]
    [DefaultValue("auto")]
    public string DeviceList { get; init; } = "auto";

    [CommandOption(OptionNames.Threads)]
    [Description("Threads to compute with (default: one per core); infer: several with commas between them, 0 for the default")]
    public string? ThreadList { get; init; }

    [CommandOption(OptionNames.Workers)]
    [Description("Threads that prepare images (default: chosen for this machine)")]
    [AtLeast(0)]
    public int? Workers { get; init; }

    [CommandOption(OptionNames.Backbone)]
    [Description("data: the network that is trained while its waiting is measured (default: vit-micro); infer, predict: the network where no file is given (default: vit-tiny)")]
    public string? Backbone { get; init; }

    [CommandOption(OptionNames.Steps)]
    [Description("data: training steps, of which the first two do not count; graph, train: timed steps of each side")]
    [DefaultValue(12)]
    [AtLeast(3)]
    public int Steps { get; init; }

    [CommandOption("--window <SECONDS>")]
    [Description("Length of a measurement. synth: 0.3 by default, the median of five counts; infer, predict: 2 by default, in five rounds")]
    public double? Window { get; init; }

    [CommandOption("--batch <N>")]
    [Description("predict: images in one run of the model (default: 32); infer: several with commas between them (default: 1,8,32)")]
    public string? BatchList { get; init; }

    [CommandOption("--io <LIST>")]
    [Description("infer: bound (input and output in memory that is bound once), unbound (named at every run, which allocates its output)")]
    [DefaultValue("bound,unbound")]
    public string Io { get; init; } = "";

    [CommandOption("--precision <LIST>")]
    [Description("infer: measure deployment files of each model in these: fp32, fp16, bf16, int8, int8-static (calibrated on --data); default: the files as they are")]
    public string? Precision { get; init; }

    [CommandOption("--scenario <LIST>")]
    [Description("infer: single-stream (one query after the other), offline (all at once), server (Poisson arrivals; the highest rate at which 99 % keep to --latency-bound), or none")]
    [DefaultValue("single-stream,offline,server")]
    public string Scenario { get; init; } = "";

    [CommandOption("--latency-bound <MS>")]
    [Description("infer, server: milliseconds in which 99 % must be answered (default: four times the 90th percentile of the first model's single stream)")]
    public double? LatencyBound { get; init; }

    [CommandOption("--rate <QPS>")]
    [Description("infer, server: try this many queries a second instead of finding the most")]
    public double? Rate { get; init; }

    [CommandOption("--data <DATA>")]
    [Description("infer: also test the models, on the test images of a folder of class folders, a .csv manifest, a folder of IDX or CIFAR files, or fashion-mnist")]
    public string? Data { get; init; }

    [CommandOption("--test-images <N>")]
    [Description("infer: test on this many of the test images, each class its share (default: all)")]
    [AtLeast(1)]
    public int? TestImages { get; init; }

    [CommandOption(OptionNames.Seed)]
    [Description("infer, server: decides when queries arrive")]
    [DefaultValue(0UL)]
    public ulong Seed { get; init; }

    [CommandOption("--csv <FILE>")]
    [Description("infer: write a row for each model and combination")]
    public string? Csv { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("infer: write runs.csv, scenarios.csv, bench.json, latency.png and throughput.png into this folder")]
    public string? Output { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("End with a line of JSON")]
    public bool Json { get; init; }

    /// <summary>The devices.</summary>
    public IReadOnlyList<ComputeDevice> Devices => [.. DeviceList.Split(',').Select(ComputeDevice.Parse)];

    /// <summary>The device, where there can only be one.</summary>
    public ComputeDevice Device => Devices is [var only] ? only : throw OnlyInfer("--device");

    /// <summary>Numbers of threads; 0 for the default.</summary>
    public IReadOnlyList<int> ThreadCounts => Counts("--threads", ThreadList, least: 0) ?? [0];

    /// <summary>The number of threads, where there can only be one; null for the default.</summary>
    public int? Threads => ThreadCounts is [var only] ? only > 0 ? only : null : throw OnlyInfer("--threads");

    /// <summary>Batch sizes of <c>infer</c>.</summary>
    public IReadOnlyList<int> Batches => Counts("--batch", BatchList, least: 1) ?? [1, 8, 32];

    /// <summary>The batch size of <c>predict</c>.</summary>
    public int Batch => Counts("--batch", BatchList, least: 1) is { } given ? given is [var only] ? only : throw OnlyInfer("--batch") : 32;

    /// <summary>The precisions to measure models in; null for files as they are.</summary>
    public IReadOnlyList<ExportPrecision>? Precisions => Precision is { } list ? ExportPrecisions.Parse(list) : null;

    /// <summary>Refuses what cannot be measured, before anything is printed.</summary>
    /// <exception cref="UsageException">An option is not for this, or has no such value.</exception>
    public void Check()
    {
        if (What == BenchSubject.Infer)
        {
            _ = (ToInference([]), Precisions);
            return;
        }

        _ = (Device, Threads, Batch);
        if (Files.Length > 0 && What != BenchSubject.Predict)
        {
            throw new UsageException($"bench {What.ToString().ToLowerInvariant()} takes no files.");
        }
    }

    /// <summary>The length of a measurement.</summary>
    /// <exception cref="UsageException">It is none, or too long.</exception>
    public TimeSpan WindowOr(double seconds)
    {
        return (Window ?? seconds) is > 0 and <= 60 and var window
            ? TimeSpan.FromSeconds(window)
            : throw new UsageException(FormattableString.Invariant($"--window must be above 0 and at most 60 seconds, not {Window}."));
    }

    /// <summary>What <c>infer</c> measures of some models.</summary>
    public InferenceBenchmarkSettings ToInference(IReadOnlyList<BenchmarkModel> models)
    {
        return new InferenceBenchmarkSettings
        {
            Models = models,
            BatchSizes = [.. Batches.Distinct()],
            Threads = [.. ThreadCounts.Distinct()],
            Devices = [.. Devices.Distinct()],
            Bindings = Names<IoBinding>("--io", Io),
            Scenarios = Scenario == "none" ? [] : Names<LoadScenario>("--scenario", Scenario),
            Window = WindowOr(2),
            LatencyBound = LatencyBound is { } bound ? TimeSpan.FromMilliseconds(Positive("--latency-bound", bound)) : null,
            Rate = Rate is { } rate ? Positive("--rate", rate) : null,
            Seed = Seed,
        };
    }

    private UsageException OnlyInfer(string option) => new($"{option}: only bench infer takes several; bench {What.ToString().ToLowerInvariant()} takes one.");

    private static double Positive(string option, double value)
    {
        return value is > 0 and < 1e9 ? value : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} must be above 0, not {value}."));
    }

    private static int[]? Counts(string option, string? list, int least)
    {
        var counts = NumberList.Parse<int>(option, list);
        return counts is null || counts.All(c => c >= least) ? counts : throw new UsageException($"{option} is {list}, and must be at least {least}.");
    }

    private static T[] Names<T>(string option, string list)
        where T : struct, Enum
    {
        return [.. list.Split(',').Select(name =>
            Enum.TryParse<T>(name.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var value) && !char.IsAsciiDigit(name.FirstOrDefault())
                ? value
                : throw new UsageException($"{option}: '{name}' is none of those that 'onefractal bench --help' lists.")).Distinct()];
    }
}
