using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>data</c>.</summary>
internal sealed class DataSettings : VerbSettings
{
    [CommandArgument(0, "<ACTION>")]
    [Description("inspect: classes, counts, sizes, statistics and warnings; fetch: download a known data set")]
    public required DataAction Action { get; init; }

    [CommandArgument(1, "<DATASET>")]
    [Description("inspect: a folder, a .csv manifest or fashion-mnist; fetch: cifar10, cifar100 or fashion-mnist")]
    public required string Dataset { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("inspect: a PNG file for samples; fetch: the folder to write below (data)")]
    public string? Output { get; init; }
}
