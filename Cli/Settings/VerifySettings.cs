using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>verify</c>.</summary>
internal sealed class VerifySettings : VerbSettings
{
    [CommandArgument(0, "<MODEL>")]
    [Description("An ONNX model of images")]
    public required string Model { get; init; }

    [CommandOption("--images <PATH>")]
    [Description("Compare on these images (default: seeded fractals and noise)")]
    public string? Images { get; init; }

    [CommandOption("--count <N>")]
    [Description("How many images")]
    [DefaultValue(16)]
    [AtLeast(1)]
    public int Count { get; init; }

    [CommandOption("--tolerance <ERROR>")]
    [Description("Largest absolute error that passes, times the largest output where that is above 1")]
    [DefaultValue(1e-4)]
    [AtLeast(0)]
    public double Tolerance { get; init; }

    [CommandOption(OptionNames.Threads)]
    [Description("Threads to compute with (default: one per core)")]
    [AtLeast(1)]
    public int? Threads { get; init; }

    [CommandOption(OptionNames.Seed)]
    [Description("Seed of the images where none are given")]
    [DefaultValue(0UL)]
    public ulong Seed { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("Print JSON instead of a table")]
    public bool Json { get; init; }
}
