using OneFractal.Common;

namespace OneFractal.Data.Fractals;

/// <summary>What a set of fractal classes is made from; the defaults are the paper's best.</summary>
public sealed record FractalSetSettings
{
    /// <summary>Most classes or images a set may have.</summary>
    public const int MaximumClasses = 100_000;

    /// <summary>L, the number of classes.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>N, the number of affine maps of the base system.</summary>
    public int Maps { get; init; } = 2;

    /// <summary>Σ(s1 + 2·s2) of the base system's linear parts, met within ±0.1.</summary>
    public double SigmaFactor { get; init; } = 3.5;

    /// <summary>How the classes differ from the base system.</summary>
    public Perturbation Perturbation { get; init; } = new();

    /// <summary>How each is drawn.</summary>
    public RenderSettings Render { get; init; } = new();

    /// <summary>Decides the base system and every class.</summary>
    public ulong Seed { get; init; }

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        if (Classes is < 2 or > MaximumClasses)
        {
            throw new UsageException($"--classes must be 2 to {MaximumClasses}, not {Classes}.");
        }

        if (!(Perturbation.Delta is >= 0 and <= 10))
        {
            throw new UsageException(FormattableString.Invariant($"--delta must be in [0, 10], not {Perturbation.Delta}."));
        }

        Render.Validate();
    }
}
