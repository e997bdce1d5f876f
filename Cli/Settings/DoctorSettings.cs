using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>doctor</c>.</summary>
internal sealed class DoctorSettings : VerbSettings
{
    [CommandOption(OptionNames.Json)]
    [Description("Print JSON instead of a table")]
    public bool Json { get; init; }
}
