using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of every verb.</summary>
internal abstract class VerbSettings : CommandSettings
{
    [CommandOption("--verbose")]
    [Description("Show the details of an error")]
    public bool Verbose { get; init; }
}
