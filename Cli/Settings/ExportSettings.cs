using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>export</c>.</summary>
internal sealed class ExportSettings : VerbSettings
{
    [CommandArgument(0, "<MODEL>")]
    [Description("A trained model: a run's backbone.onnx or classifier.onnx")]
    public required string Model { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("The .onnx file to write, its metadata in a .json file beside it; or .safetensors or .pth (.pt, .bin): the weights alone, under timm's names")]
    public string? Output { get; init; }

    [CommandOption("--batch <N>")]
    [Description("dynamic, or the only batch size the file takes (OpenCV DNN needs one)")]
    [DefaultValue("dynamic")]
    public required string Batch { get; init; }

    [CommandOption("--features")]
    [Description("Take the head off: the output is the pooled features")]
    public bool Features { get; init; }
}
