using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>bench</c>.</summary>
internal sealed class BenchSettings : ComputeSettings
{
    [CommandArgument(0, "<WHAT>")]
    [Description("synth: how fast fractals are drawn; data: how fast batches are made, and how long training waits for them; graph: train steps through the ONNX graph against networks written by hand; train: train steps on ONNX Runtime against TorchSharp; predict: classifying files against the bare session call")]
    public required BenchSubject What { get; init; }

    [CommandArgument(1, "[FILES]")]
    [Description("predict: a classifier, then images, folders or globs (default: --backbone with 1000 classes, and pictures of 500x375 pixels)")]
    public string[] Files { get; init; } = [];

    [CommandOption(OptionNames.Backbone)]
    [Description("data: the network that is trained while its waiting is measured (default: vit-micro); predict: the network where no classifier is given (default: vit-tiny)")]
    public string? Backbone { get; init; }

    [CommandOption(OptionNames.Steps)]
    [Description("data: training steps, of which the first two do not count; graph, train: timed steps of each side")]
    [DefaultValue(12)]
    [AtLeast(3)]
    public int Steps { get; init; }

    [CommandOption("--window <SECONDS>")]
    [Description("Length of a measurement. synth: 0.3 by default, the median of five counts; predict: 2 by default, in five rounds")]
    public double? Window { get; init; }

    [CommandOption("--batch <N>")]
    [Description("predict: images in one run of the model")]
    [DefaultValue(32)]
    [AtLeast(1)]
    public int Batch { get; init; }

    [CommandOption(OptionNames.Json)]
    [Description("End with a line of JSON")]
    public bool Json { get; init; }

    /// <summary>The length of a measurement.</summary>
    /// <exception cref="UsageException">It is none, or too long.</exception>
    public TimeSpan WindowOr(double seconds)
    {
        return (Window ?? seconds) is > 0 and <= 60 and var window
            ? TimeSpan.FromSeconds(window)
            : throw new UsageException(FormattableString.Invariant($"--window must be above 0 and at most 60 seconds, not {Window}."));
    }
}
