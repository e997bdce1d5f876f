using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>bench</c>.</summary>
internal sealed class BenchSettings : ComputeSettings
{
    [CommandArgument(0, "<WHAT>")]
    [Description("synth: how fast fractals are drawn; data: how fast batches are made, and how long training waits for them; graph: train steps through the ONNX graph against networks written by hand; train: train steps on ONNX Runtime against TorchSharp")]
    public required BenchSubject What { get; init; }

    [CommandOption(OptionNames.Backbone)]
    [Description("data: the network that is trained while its waiting is measured")]
    [DefaultValue("vit-micro")]
    public string Backbone { get; init; } = "";

    [CommandOption(OptionNames.Steps)]
    [Description("data: training steps, of which the first two do not count; graph, train: timed steps of each side")]
    [DefaultValue(12)]
    [AtLeast(3)]
    public int Steps { get; init; }

    [CommandOption("--window <SECONDS>")]
    [Description("synth: length of a measurement; the median of five counts")]
    [DefaultValue(0.3)]
    public double Window { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("End with a line of JSON")]
    public bool Json { get; init; }
}
