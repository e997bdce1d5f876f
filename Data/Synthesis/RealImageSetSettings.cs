using OneFractal.Common;
using OneFractal.Data.Fractals;

namespace OneFractal.Data.Synthesis;

/// <summary>One real image in the fractal's place; its distortions are the classes.</summary>
public sealed record RealImageSetSettings
{
    /// <summary>What is taken from the image.</summary>
    public RealImageMode Mode { get; init; } = RealImageMode.Canny;

    /// <summary>How the classes differ from it.</summary>
    public DistortionKind Distortion { get; init; } = DistortionKind.Affine;

    /// <summary>Δ, the strength of the distortion, in units of half the image's side.</summary>
    public double Delta { get; init; } = 0.1;

    /// <summary>How many classes, one image each.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>Height and width of the images in pixels.</summary>
    public int Size { get; init; } = 512;

    /// <summary>Decides every distortion.</summary>
    public ulong Seed { get; init; }

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        if (Classes is < 2 or > FractalSetSettings.MaximumClasses)
        {
            throw new UsageException($"--classes must be 2 to {FractalSetSettings.MaximumClasses}, not {Classes}.");
        }

        if (Size is < 16 or > 8192)
        {
            throw new UsageException($"--size must be 16 to 8192 pixels, not {Size}.");
        }

        if (!(Delta is >= 0 and <= 10))
        {
            throw new UsageException(FormattableString.Invariant($"--delta must be in [0, 10], not {Delta}."));
        }
    }
}
