using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of verbs that write the results of seeded, reproducible work.</summary>
internal abstract class RunSettings : ComputeSettings
{
    [CommandOption(OptionNames.Seed)]
    [Description("Seed of everything random")]
    [DefaultValue(0UL)]
    public ulong Seed { get; init; }

    [CommandOption(OptionNames.Output)]
    [Description("Where to write the results")]
    public string? Output { get; init; }
}
