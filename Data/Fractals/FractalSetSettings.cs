using OneFractal.Common;

namespace OneFractal.Data.Fractals;

/// <summary>What a set of fractal classes is made from; the defaults are the paper's best.</summary>
public sealed record FractalSetSettings
{
    /// <summary>Most classes that a set may have.</summary>
    public const int MaximumClasses = 100_000;

    /// <summary>Whether the classes are copies of one fractal or fractals of their own.</summary>
    public FractalFamily Family { get; init; } = FractalFamily.OneFractal;

    /// <summary>L, the number of classes.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>Images of each class. The paper found one to be best.</summary>
    public int ImagesPerClass { get; init; } = 1;

    /// <summary>N, the number of affine maps of a system.</summary>
    public int Maps { get; init; } = 2;

    /// <summary>Σ(s1 + 2·s2) of a base system's linear parts, met within ±0.1.</summary>
    public double SigmaFactor { get; init; } = 3.5;

    /// <summary>How the classes of <see cref="FractalFamily.OneFractal"/> differ from the base system.</summary>
    public Perturbation Perturbation { get; init; } = new();

    /// <summary>
    /// Parameters of a class's second and further images are multiplied by U(1 − δ, 1 + δ). FractalDB uses 0.2 where classes are fractals of
    /// their own; perturbed copies of one fractal stay apart only well below their own Δ.
    /// </summary>
    public double InstanceDelta { get; init; } = 0.02;

    /// <summary>How each is drawn.</summary>
    public RenderSettings Render { get; init; } = new();

    /// <summary>Decides the base systems and every image.</summary>
    public ulong Seed { get; init; }

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        if (Classes is < 2 or > MaximumClasses)
        {
            throw new UsageException($"--classes must be 2 to {MaximumClasses}, not {Classes}.");
        }

        if (ImagesPerClass < 1 || (long)ImagesPerClass * Classes > 10L * MaximumClasses)
        {
            throw new UsageException($"--images-per-class must be 1 to {10 * MaximumClasses / Classes} for {Classes} classes, not {ImagesPerClass}.");
        }

        RequireDelta("--delta", Perturbation.Delta);
        RequireDelta("--instance-delta", InstanceDelta);
        Render.Validate();
    }

    private static void RequireDelta(string option, double delta)
    {
        if (!(delta is >= 0 and <= 10))
        {
            throw new UsageException(FormattableString.Invariant($"{option} must be in [0, 10], not {delta}."));
        }
    }
}
