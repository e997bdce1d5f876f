using System.ComponentModel;
using OneFractal.Data;
using OneFractal.Export;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>finetune</c>.</summary>
internal sealed class FinetuneSettings : TrainingSettings
{
    [CommandArgument(0, "[DATA]")]
    [Description("A folder of class folders (with or without train, val, test), or fashion-mnist")]
    public string? Data { get; init; }

    [CommandOption("--backbone <FILE>")]
    [Description("Model file to start from: a run's backbone.onnx, or any ONNX image network")]
    public string? Backbone { get; init; }

    [CommandOption(OptionNames.HeadAt)]
    [Description("Foreign backbone: the node that is its head, or the value that holds its features, where it is not found")]
    public string? HeadAt { get; init; }

    [CommandOption(OptionNames.Size)]
    [Description("Foreign backbone: image size in pixels, where its graph takes any (224)")]
    [AtLeast(1)]
    public int? Size { get; init; }

    [CommandOption(OptionNames.PixelMax)]
    [Description("Foreign backbone: the pixel value of full brightness that it was trained with, 1 or 255")]
    [DefaultValue(1.0)]
    public double PixelMax { get; init; }

    [CommandOption(OptionNames.Mean)]
    [Description("Foreign backbone: mean per channel, in units of --pixel-max (ImageNet's for 1, 0 for 255)")]
    public string? Mean { get; init; }

    [CommandOption(OptionNames.Std)]
    [Description("Foreign backbone: standard deviation per channel, in units of --pixel-max (ImageNet's for 1, 1 for 255)")]
    public string? Std { get; init; }

    [CommandOption(OptionNames.Bgr)]
    [Description("Foreign backbone: its channels are blue, green, red")]
    public bool Bgr { get; init; }

    [CommandOption("--from-scratch <NAME>")]
    [Description("Start from random weights instead: vit-nano, resnet18 ... ('backbone list' names all)")]
    public string? FromScratch { get; init; }

    [CommandOption(OptionNames.Labelled)]
    [Description("Use only this many labelled images, each class its share")]
    public int? Labelled { get; init; }

    [CommandOption("--on-bad-image <ACTION>")]
    [Description("fail: stop at an image that cannot be decoded; skip: leave it out and list it in the run folder")]
    [DefaultValue(OnBadImage.Fail)]
    public OnBadImage OnBadImage { get; init; }

    [CommandOption(OptionNames.Validation)]
    [Description("Watch this many other training images while it learns")]
    [DefaultValue(0)]
    [AtLeast(0)]
    public int Validation { get; init; }

    /// <summary>What the options say of a foreign backbone.</summary>
    public ForeignModelSettings ResolveForeign()
    {
        return new ForeignModelSettings
        {
            HeadAt = HeadAt, Size = Size, PixelMax = PixelMax, Mean = NumberList.Parse("--mean", Mean), Std = NumberList.Parse("--std", Std), Bgr = Bgr,
        };
    }
}
