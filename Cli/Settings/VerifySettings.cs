using System.ComponentModel;
using OneFractal.Evaluation;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>verify</c>.</summary>
internal sealed class VerifySettings : VerbSettings
{
    [CommandArgument(0, "<MODEL>")]
    [Description("An ONNX model of images")]
    public required string Model { get; init; }

    [CommandOption("--images <PATH>")]
    [Description("Compare on these images (default: seeded fractals and noise)")]
    public string? Images { get; init; }

    [CommandOption("--count <N>")]
    [Description("How many images")]
    [DefaultValue(16)]
    [AtLeast(1)]
    public int Count { get; init; }

    [CommandOption("--tolerance <ERROR>")]
    [Description("Largest absolute error that passes, times the largest output where that is above 1 (default: by the model's precision, 1e-4 for fp32, 1e-2 for fp16, TF32 and files that preprocess by themselves, 5e-2 for bf16 and int8)")]
    [AtLeast(0)]
    public double? Tolerance { get; init; }

    [CommandOption("--runtime <A,B,...>")]
    [Description("Compare these alone: onnxruntime, cuda, torchsharp, opencv, node, web")]
    public string? Runtime { get; init; }

    [CommandOption("--locate")]
    [Description("Where a runtime fails, find the first node that differs, by bisection over the values inside")]
    public bool Locate { get; init; }

    [CommandOption(OptionNames.Install)]
    [Description("First install onnxruntime-node and onnxruntime-web with npm, for node and web")]
    public bool Install { get; init; }

    [CommandOption(OptionNames.NodePackages)]
    [Description("A folder whose node_modules has them (default: where --install puts them)")]
    public string? NodePackages { get; init; }

    [CommandOption(OptionNames.Device)]
    [Description("The GPU to compare: auto, cuda[[:N]], or cpu for none (matrix products in TF32)")]
    [TypeConverter(typeof(ComputeDeviceConverter))]
    [DefaultValue("auto")]
    public ComputeDevice Device { get; init; }

    [CommandOption(OptionNames.Threads)]
    [Description("Threads to compute with (default: one per core)")]
    [AtLeast(1)]
    public int? Threads { get; init; }

    [CommandOption(OptionNames.Seed)]
    [Description("Seed of the images where none are given")]
    [DefaultValue(0UL)]
    public ulong Seed { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("Print JSON instead of tables")]
    public bool Json { get; init; }

    [CommandOption("--job <FOLDER>", IsHidden = true)]
    [Description("Do one job of a verification; what runtimes are started with in processes of their own")]
    public string? Job { get; init; }

    /// <summary>The runtimes that are named, or null for all.</summary>
    /// <exception cref="UsageException">One of them is none.</exception>
    public IReadOnlyList<VerificationRuntime>? ParseRuntimes()
    {
        return Runtime is null ? null : [.. Runtime.Split(',', StringSplitOptions.TrimEntries).Select(Parse).Distinct()];
    }

    private static VerificationRuntime Parse(string name)
    {
        return Enum.TryParse<VerificationRuntime>(name, ignoreCase: true, out var runtime) && Enum.IsDefined(runtime) && !char.IsAsciiDigit(name[0])
            ? runtime
            : throw new UsageException($"--runtime: '{name}' is none of {string.Join(", ", Enum.GetNames<VerificationRuntime>()).ToLowerInvariant()}.");
    }
}
