using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>finetune</c>.</summary>
internal sealed class FinetuneSettings : ForeignSettings
{
    [CommandArgument(0, "[DATA]")]
    [Description("A folder of class folders (with or without train, val, test), or fashion-mnist")]
    public string? Data { get; init; }

    [CommandOption("--backbone <FILE>")]
    [Description("Model file to start from: a run's backbone.onnx, or any ONNX image network")]
    public string? Backbone { get; init; }

    [CommandOption("--from-scratch <NAME>")]
    [Description("Start from random weights instead: vit-nano, resnet18 ... ('backbone list' names all)")]
    public string? FromScratch { get; init; }

    [CommandOption(OptionNames.Labelled)]
    [Description("Use only this many labelled images, each class its share")]
    public int? Labelled { get; init; }

    [CommandOption(OptionNames.Validation)]
    [Description("Watch this many other training images while it learns")]
    [DefaultValue(0)]
    [AtLeast(0)]
    public int Validation { get; init; }
}
