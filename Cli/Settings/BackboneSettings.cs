using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>backbone</c>.</summary>
internal sealed class BackboneSettings : VerbSettings
{
    [CommandArgument(0, "<ACTION>")]
    [Description("list: names that can be created; create: an ONNX file with fresh weights, or with those of a file; inspect: a file's inputs, outputs, layers with parameters and MACs, what would train, and where its head is")]
    public required BackboneAction Action { get; init; }

    [CommandArgument(1, "[MODEL]")]
    [Description("create: a name from list, or timm's; inspect: any ONNX file")]
    public string? Model { get; init; }

    [CommandOption(OptionNames.Weights)]
    [Description("create: weights under timm's names, .safetensors or PyTorch's .pth, .pt or .bin; a head among them is left out")]
    public string? Weights { get; init; }

    [CommandOption(OptionNames.Size)]
    [Description("Image size in pixels; create: the network's own, inspect: 224 where the graph takes any")]
    [AtLeast(1)]
    public int? Size { get; init; }

    [CommandOption(OptionNames.HeadAt)]
    [Description("inspect: the node that is the head, or the value that holds the features, where it is not found")]
    public string? HeadAt { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("inspect: print JSON instead of tables")]
    public bool Json { get; init; }

    [CommandOption(OptionNames.Seed)]
    [Description("create: seed of fresh weights")]
    [DefaultValue(0UL)]
    public ulong Seed { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("create: the .onnx file to write")]
    public string? Output { get; init; }
}
