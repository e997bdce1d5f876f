using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>augment</c>.</summary>
internal sealed class AugmentSettings : VerbSettings
{
    [CommandArgument(0, "<IMAGE>")]
    [Description("The image to vary")]
    public required string Image { get; init; }

    [CommandOption("--preview <FILE>")]
    [Description("The PNG to write: every operation at several magnitudes, and the whole recipe")]
    [DefaultValue("augmentations.png")]
    public string Preview { get; init; } = "";

    [CommandOption("--randaugment <SPEC>")]
    [Description("The recipe's RandAugment, in timm's notation")]
    [DefaultValue("rand-m9-mstd0.5-inc1")]
    public string RandAugment { get; init; } = "";

    [CommandOption(OptionNames.Seed)]
    [Description("Seed of everything random")]
    [DefaultValue(0UL)]
    public ulong Seed { get; init; }
}
