using System.ComponentModel;
using OneFractal.Data.Fractals;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>pretrain</c>.</summary>
internal sealed class PretrainSettings : TrainingSettings
{
    [CommandOption(OptionNames.Backbone)]
    [Description("vit-nano, vit-micro, resnet-micro, vit-tiny, resnet18 ... ('backbone list' names all)")]
    [DefaultValue("vit-nano")]
    public string Backbone { get; init; } = "";

    [CommandOption("--image-size <PIXELS>")]
    [Description("Side of what the network sees (default: the backbone's own)")]
    public int? ImageSize { get; init; }

    [CommandOption(OptionNames.Classes)]
    [Description("Perturbed copies of the fractal, each a class of its own")]
    [DefaultValue(100)]
    public int Classes { get; init; }

    [CommandOption(OptionNames.Size)]
    [Description("Side of the drawn fractals, before augmentation")]
    [DefaultValue(128)]
    public int Size { get; init; }

    [CommandOption(OptionNames.Points)]
    [Description("Points of the chaos game")]
    [DefaultValue(30_000)]
    public int Points { get; init; }

    [CommandOption(OptionNames.Maps)]
    [Description("Affine maps of the fractal")]
    [DefaultValue(2)]
    public int Maps { get; init; }

    [CommandOption(OptionNames.Sigma)]
    [Description("Sigma-factor of the fractal")]
    [DefaultValue(3.5)]
    public double Sigma { get; init; }

    [CommandOption(OptionNames.Delta)]
    [Description("Width of the perturbations")]
    [DefaultValue(0.1)]
    public double Delta { get; init; }

    [CommandOption(OptionNames.Perturbation)]
    [Description("multiplicative (published code) or additive (paper's formula)")]
    [DefaultValue(PerturbationKind.Multiplicative)]
    public PerturbationKind Perturbation { get; init; }

    [CommandOption("--set <PATH>")]
    [Description("Take the classes from a fractal.json, or from a folder that synth wrote, instead of the options above")]
    public string? Set { get; init; }

    [CommandOption("--cache-mb <N>")]
    [Description("Memory for drawn images; what does not fit is drawn again")]
    [DefaultValue(512)]
    [AtLeast(0)]
    public int CacheMb { get; init; }

    /// <summary>The fractals that these options ask for.</summary>
    public FractalSetSettings ToFractals() => new()
    {
        Classes = Classes,
        Maps = Maps,
        SigmaFactor = Sigma,
        Perturbation = new Perturbation(Perturbation, Delta),
        Render = new RenderSettings { Size = Size, Points = Points },
        Seed = Seed,
    };
}
