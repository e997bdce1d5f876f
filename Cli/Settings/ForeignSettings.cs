using System.ComponentModel;
using OneFractal.Data;
using OneFractal.Export;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of verbs that train backbones, foreign ones too, on the user's images.</summary>
internal abstract class ForeignSettings : TrainingSettings
{
    [CommandOption(OptionNames.HeadAt)]
    [Description("Foreign backbone: the node that is its head, or the value that holds its features, where it is not found")]
    public string? HeadAt { get; init; }

    [CommandOption(OptionNames.Size)]
    [Description("Image size in pixels that the backbone is made for: position embeddings are resampled (default: its own; 224 for a foreign one that takes any)")]
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

    [CommandOption("--on-bad-image <ACTION>")]
    [Description("fail: stop at an image that cannot be decoded; skip: leave it out and list it in the run folder")]
    [DefaultValue(OnBadImage.Fail)]
    public OnBadImage OnBadImage { get; init; }

    /// <summary>What the options say of a foreign backbone.</summary>
    public ForeignModelSettings ResolveForeign()
    {
        return new ForeignModelSettings
        {
            HeadAt = HeadAt, Size = Size, PixelMax = PixelMax, Mean = NumberList.Parse<float>("--mean", Mean), Std = NumberList.Parse<float>("--std", Std), Bgr = Bgr,
        };
    }
}
