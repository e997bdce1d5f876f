using OneFractal.Common;

namespace OneFractal.Data.Fractals;

/// <summary>How a system is drawn; the defaults are the published ones.</summary>
public sealed record RenderSettings
{
    /// <summary>Side of the square image in pixels.</summary>
    public int Size { get; init; } = 512;

    /// <summary>Points of the chaos game, the start point (0, 0) included.</summary>
    public int Points { get; init; } = 100_000;

    /// <summary>Margin in pixels between the image's border and the outermost point.</summary>
    public int Pad { get; init; } = 6;

    /// <summary>What a point paints.</summary>
    public MaskMode Mask { get; init; } = MaskMode.Random;

    /// <summary>Bit for bit as published, or faster.</summary>
    public RenderGenerator Generator { get; init; } = RenderGenerator.Published;

    /// <summary>Share of lit pixels that a drawing must exceed; one at or below it is rejected and its noise redrawn.</summary>
    public double MinimumFill { get; init; } = 0.05;

    /// <summary>Whether a drawing with this many lit pixels is accepted.</summary>
    internal bool IsEnough(int litPixels) => litPixels > MinimumFill * Size * Size;

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        Require(Size is >= 16 and <= 8192, $"--size must be 16 to 8192 pixels, not {Size}");
        Require(Points is >= 16 and <= 100_000_000, $"--points must be 16 to 100,000,000, not {Points}");
        // A point at Size − Pad paints the three pixels to its right and below.
        Require(Pad >= 4 && 2 * Pad < Size, $"--pad must be at least 4 and less than half of --size, not {Pad}");
        Require(MinimumFill is >= 0 and < 1, FormattableString.Invariant($"--min-fill must be in [0, 1), not {MinimumFill}"));
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new UsageException(message + ".");
        }
    }
}
