using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of verbs that run a model.</summary>
internal abstract class ComputeSettings : VerbSettings
{
    [CommandOption(OptionNames.Device)]
    [Description("Where to compute: auto, cpu or cuda[[:N]] (matrix products in TF32)")]
    [TypeConverter(typeof(ComputeDeviceConverter))]
    [DefaultValue("auto")]
    public ComputeDevice Device { get; init; }

    [CommandOption(OptionNames.Threads)]
    [Description("Threads to compute with (default: one per core)")]
    [AtLeast(1)]
    public int? Threads { get; init; }

    [CommandOption(OptionNames.Workers)]
    [Description("Threads that prepare images (default: chosen for this machine)")]
    [AtLeast(0)]
    public int? Workers { get; init; }
}
