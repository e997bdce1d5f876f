using System.ComponentModel;
using OneFractal.Data.Fractals;
using OneFractal.Data.Synthesis;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>synth</c>; ranges are checked by the Data room.</summary>
internal sealed class SynthSettings : VerbSettings
{
    [CommandOption(OptionNames.Output, isRequired: true)]
    [Description("Folder to write; one that holds a part of the same set is completed")]
    public string Output { get; init; } = "";

    [CommandOption("--family <FAMILY>")]
    [Description("oneFractal: classes are perturbed copies of one fractal; manyFractals: a fractal each (OFDB)")]
    [DefaultValue(FractalFamily.OneFractal)]
    public FractalFamily Family { get; init; }

    [CommandOption(OptionNames.Classes)]
    [Description("Number of classes")]
    [DefaultValue(1000)]
    public int Classes { get; init; }

    [CommandOption("--images-per-class <N>")]
    [Description("Images of each class")]
    [DefaultValue(1)]
    public int ImagesPerClass { get; init; }

    [CommandOption(OptionNames.Size)]
    [Description("Height and width of the images")]
    [DefaultValue(512)]
    public int Size { get; init; }

    [CommandOption(OptionNames.Points)]
    [Description("Points of the chaos game for each image")]
    [DefaultValue(100_000)]
    public int Points { get; init; }

    [CommandOption(OptionNames.Maps)]
    [Description("Affine maps of a fractal")]
    [DefaultValue(2)]
    public int Maps { get; init; }

    [CommandOption(OptionNames.Sigma)]
    [Description("Sigma-factor of the fractal; larger is more complex")]
    [DefaultValue(3.5)]
    public double Sigma { get; init; }

    [CommandOption(OptionNames.Delta)]
    [Description("How far the classes are from the fractal")]
    [DefaultValue(0.1)]
    public double Delta { get; init; }

    [CommandOption(OptionNames.Perturbation)]
    [Description("multiplicative (published code) or additive (paper's formula)")]
    [DefaultValue(PerturbationKind.Multiplicative)]
    public PerturbationKind Perturbation { get; init; }

    [CommandOption("--instance-delta <VALUE>")]
    [Description("How far the images of one class are from each other")]
    [DefaultValue(0.02)]
    public double InstanceDelta { get; init; }

    [CommandOption("--patch <KIND>")]
    [Description("What a point paints: random (3x3 with holes) or fill (full 3x3)")]
    [DefaultValue(MaskMode.Random)]
    public MaskMode Patch { get; init; }

    [CommandOption("--pad <PIXELS>")]
    [Description("Margin around the fractal")]
    [DefaultValue(6)]
    public int Pad { get; init; }

    [CommandOption("--min-fill <SHARE>")]
    [Description("Share of lit pixels that an image must exceed")]
    [DefaultValue(0.05)]
    public double MinFill { get; init; }

    [CommandOption("--generator <KIND>")]
    [Description("published: bit for bit the published generator; fast: of the same distribution")]
    [DefaultValue(RenderGenerator.Published)]
    public RenderGenerator Generator { get; init; }

    [CommandOption("--image <FILE>")]
    [Description("Distort this image instead of drawing fractals")]
    public string? Image { get; init; }

    [CommandOption("--image-mode <MODE>")]
    [Description("What is taken of the image: rgb, grey or canny (edges)")]
    [DefaultValue(RealImageMode.Canny)]
    public RealImageMode ImageMode { get; init; }

    [CommandOption("--distortion <KIND>")]
    [Description("How the image is distorted: affine, polynomial or elastic")]
    [DefaultValue(DistortionKind.Affine)]
    public DistortionKind Distortion { get; init; }

    [CommandOption("--noise <KIND>")]
    [Description("A control: fixed samples of gaussian or uniform noise instead of fractals")]
    public NoiseKind? Noise { get; init; }

    [CommandOption(OptionNames.Seed)]
    [Description("Seed of everything random")]
    [DefaultValue(0UL)]
    public ulong Seed { get; init; }

    /// <summary>The images that these options ask for.</summary>
    public ISyntheticSource ToSource(CancellationToken cancellation)
    {
        if (Image is not null && Noise is not null)
        {
            throw new UsageException("--image and --noise exclude each other: give one of them.");
        }

        if (Image is not null)
        {
            return RealImageSet.Create(
                new RealImageSetSettings { Mode = ImageMode, Distortion = Distortion, Delta = Delta, Classes = Classes, Size = Size, Seed = Seed }, Image);
        }

        return Noise is { } kind
            ? new NoiseSet(new NoiseSetSettings { Kind = kind, Classes = Classes, Size = Size, Seed = Seed })
            : FractalSet.Create(ToFractalSet(), cancellation);
    }

    /// <summary>The fractals among them.</summary>
    public FractalSetSettings ToFractalSet() => new()
    {
        Family = Family,
        Classes = Classes,
        ImagesPerClass = ImagesPerClass,
        Maps = Maps,
        SigmaFactor = Sigma,
        Perturbation = new Perturbation(Perturbation, Delta),
        InstanceDelta = InstanceDelta,
        Render = new RenderSettings { Size = Size, Points = Points, Pad = Pad, Mask = Patch, MinimumFill = MinFill, Generator = Generator },
        Seed = Seed,
    };
}
