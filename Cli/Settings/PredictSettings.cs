using System.ComponentModel;
using OneFractal.Inference;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>predict</c>.</summary>
internal sealed class PredictSettings : ComputeSettings
{
    [CommandArgument(0, "<MODEL>")]
    [Description("A classifier.onnx that finetune wrote; it holds its labels and preprocessing")]
    public required string Model { get; init; }

    [CommandArgument(1, "[IMAGES]")]
    [Description("Image files, folders (all images below, in ordinal order) and globs in quotes")]
    public string[] Images { get; init; } = [];

    [CommandOption("--stdin")]
    [Description("Then the image files that standard input lists, a path a line, as they come")]
    public bool Stdin { get; init; }

    [CommandOption("--top <N>")]
    [Description("How many classes to show for each image")]
    [DefaultValue(1)]
    [AtLeast(1)]
    public int Top { get; init; }

    [CommandOption("--batch <N>")]
    [Description("Images in one run of the model")]
    [DefaultValue(32)]
    [AtLeast(1)]
    public int Batch { get; init; }

    [CommandOption("--csv <FILE>")]
    [Description("Write a CSV file instead of lines, whole or not at all")]
    public string? Csv { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("Print JSON instead of lines: a list, an element a line as they come")]
    public bool Json { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("Write to this file, whole or not at all, instead of printing")]
    public string? Output { get; init; }

    /// <summary>Two runs side by side have the best throughput; a single thread has nothing to divide.</summary>
    public static int ParallelRunsOf(int? threads) => (threads ?? Environment.ProcessorCount) > 1 ? 2 : 1;

    /// <summary>The files to classify, as they are found.</summary>
    /// <exception cref="UsageException">None are named.</exception>
    public IEnumerable<string> FindImages(TextReader input, CancellationToken cancellation)
    {
        return Images.Length > 0 || Stdin
            ? ImageFiles.Find(Images).Concat(Stdin ? ImageFiles.ReadList(input, cancellation) : [])
            : throw new UsageException("Name images, folders or globs, or list them on standard input with --stdin. See 'onefractal predict --help'.");
    }
}
