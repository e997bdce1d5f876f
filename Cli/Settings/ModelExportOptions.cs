using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>export</c>: the model and the file.</summary>
internal abstract class ModelExportOptions : VerbSettings
{
    [CommandArgument(0, "<MODEL>")]
    [Description("A trained model: a run's backbone.onnx or classifier.onnx; or what --train-step wrote: the classifier that it trains")]
    public required string Model { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("The .onnx file to write, its metadata in a .json file beside it; or .safetensors or .pth (.pt, .bin): the weights alone, under timm's names")]
    public string? Output { get; init; }

    [CommandOption("--batch <N>")]
    [Description("dynamic, or the only batch size the file takes (OpenCV DNN needs one); with --train-step the images of a step (the recipe's)")]
    [DefaultValue("dynamic")]
    public required string Batch { get; init; }

    [CommandOption("--features")]
    [Description("Take the head off: the output is the pooled features")]
    public bool Features { get; init; }

    [CommandOption(OptionNames.Weights)]
    [Description("Put these weights in first: .safetensors or PyTorch's .pth, .pt or .bin, for instance the state that a train step was trained to")]
    public string? Weights { get; init; }
}
