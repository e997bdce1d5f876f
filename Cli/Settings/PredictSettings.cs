using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>predict</c>.</summary>
internal sealed class PredictSettings : ComputeSettings
{
    [CommandArgument(0, "<MODEL>")]
    [Description("A classifier.onnx that finetune wrote; it holds its labels and preprocessing")]
    public required string Model { get; init; }

    [CommandArgument(1, "<IMAGES>")]
    [Description("Image files, folders (all images below) and globs in quotes")]
    public required string[] Images { get; init; }

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
    [Description("Write a CSV file instead of lines")]
    public string? Csv { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("Print JSON instead of lines")]
    public bool Json { get; init; }
}
