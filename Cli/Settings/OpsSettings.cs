using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>ops</c>.</summary>
internal sealed class OpsSettings : VerbSettings
{
    [CommandOption(OptionNames.Json)]
    [Description("Print JSON instead of a table")]
    public bool Json { get; init; }
}
