using OneFractal.Common;
using OneFractal.Data.Fractals;

namespace OneFractal.Data.Synthesis;

/// <summary>A control without any structure: each class is one fixed image of noise.</summary>
public sealed record NoiseSetSettings
{
    /// <summary>The distribution of the values.</summary>
    public NoiseKind Kind { get; init; } = NoiseKind.Gaussian;

    /// <summary>How many classes.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>Height and width in pixels.</summary>
    public int Size { get; init; } = 512;

    /// <summary>1 (grey) or 3 (R, G, B).</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Decides every image.</summary>
    public ulong Seed { get; init; }

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        if (Classes is < 2 or > FractalSetSettings.MaximumClasses)
        {
            throw new UsageException($"--classes must be 2 to {FractalSetSettings.MaximumClasses}, not {Classes}.");
        }

        if (Size is < 1 or > 8192 || Channels is not (1 or 3))
        {
            throw new UsageException($"Noise images have 1 to 8192 pixels a side and 1 or 3 channels, not {Size} and {Channels}.");
        }
    }
}
