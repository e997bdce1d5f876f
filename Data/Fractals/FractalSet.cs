using OneFractal.Common;
using OneFractal.Data.Synthesis;

namespace OneFractal.Data.Fractals;

/// <summary>
/// 1p-frac ("Scaling Backwards", arXiv 2408.00677): one base system whose perturbed copies are the classes, one image each. Image k is a
/// function of the base system, the settings and k alone. Thread-safe.
/// </summary>
public sealed class FractalSet : ISyntheticSource
{
    /// <summary>Perturbations tried for an image before giving up.</summary>
    public const int MaximumAttempts = 200;

    private const ulong BaseStream = 0xBA5E;
    private const ulong ClassStream = 0xC1A55;
    private const ulong ProbeStream = 0x9808E;
    private const int BaseTries = 64;
    private const int Probes = 16;
    private const int ProbesNeeded = 4;
    private readonly FractalRenderer _renderer;

    /// <summary>The set of a base system that is already known.</summary>
    /// <exception cref="UsageException">A setting is out of range, or a map of the system does not contract.</exception>
    public FractalSet(FractalSetSettings settings, IteratedFunctionSystem baseSystem)
    {
        settings.Validate();
        if (baseSystem.LargestSingularValue >= 1)
        {
            throw new UsageException(FormattableString.Invariant(
                $"The base system does not contract: its largest singular value is {baseSystem.LargestSingularValue:0.####}, it must be below 1."));
        }

        Settings = settings;
        Base = baseSystem;
        _renderer = new FractalRenderer(baseSystem, settings.Render);
    }

    /// <summary>Everything the set is made from but the base system.</summary>
    public FractalSetSettings Settings { get; }

    /// <summary>The unperturbed system.</summary>
    public IteratedFunctionSystem Base { get; }

    /// <inheritdoc />
    public int ClassCount => Settings.Classes;

    /// <inheritdoc />
    public int ImagesPerClass => 1;

    /// <inheritdoc />
    public int Size => Settings.Render.Size;

    /// <inheritdoc />
    public int Channels => 1;

    /// <summary>
    /// Draws a base system by the settings' seed. It must contract, light enough pixels, and at least a quarter of its perturbations must
    /// as well, so that no class is out of reach; systems that fail are drawn again.
    /// </summary>
    /// <exception cref="UsageException">A setting is out of range, or no usable system was found in a bounded number of tries.</exception>
    public static FractalSet Create(FractalSetSettings settings)
    {
        settings.Validate();
        var pixels = new byte[settings.Render.Size * settings.Render.Size];
        var best = 0.0;
        for (var attempt = 0UL; attempt < BaseTries; attempt++)
        {
            var system = IfsSampler.Sample(settings.Maps, settings.SigmaFactor, new RandomStream(settings.Seed, BaseStream, attempt));
            if (system.LargestSingularValue >= 1)
            {
                continue;
            }

            var set = new FractalSet(settings, system);
            var lit = set._renderer.Render(system, new PythonRandom(RandomStream.Derive(settings.Seed, ProbeStream, attempt)), pixels);
            best = Math.Max(best, lit / (double)pixels.Length);
            if (set.IsEnough(lit) && set.CountRenderable(attempt, pixels) >= ProbesNeeded)
            {
                return set;
            }
        }

        var (sigma, delta, render) = (settings.SigmaFactor, settings.Perturbation.Delta, settings.Render);
        throw new UsageException(FormattableString.Invariant(
            $"None of {BaseTries} base systems with {settings.Maps} maps, sigma {sigma} and delta {delta} lights more than {render.MinimumFill:P0} of the pixels ")
            + FormattableString.Invariant($"(best base {best:P1}): raise --sigma or --points, or lower --delta, --size or --min-fill."));
    }

    /// <summary>Draws image <paramref name="index"/> into <paramref name="pixels"/>: size × size grey bytes, row by row, 127 on black.</summary>
    /// <exception cref="DataException">No perturbation lit enough pixels in <see cref="MaximumAttempts"/> tries.</exception>
    public FractalImage Render(int index, Span<byte> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, ClassCount);
        // As in the published code, a rejected image's noise and masks stay consumed and the next noise follows them.
        var random = new PythonRandom(RandomStream.Derive(Settings.Seed, ClassStream, (ulong)index));
        for (var attempt = 1; attempt <= MaximumAttempts; attempt++)
        {
            var system = Settings.Perturbation.Apply(Base, random);
            var lit = _renderer.Render(system, random, pixels);
            if (IsEnough(lit))
            {
                return new FractalImage(system, attempt, lit);
            }
        }

        throw new DataException(FormattableString.Invariant(
            $"Class {index}: none of {MaximumAttempts} perturbations lights more than {Settings.Render.MinimumFill:P0} of the pixels: lower --delta or --min-fill, or raise --points."));
    }

    /// <inheritdoc />
    void ISyntheticSource.Render(int index, Span<byte> pixels) => Render(index, pixels);

    private bool IsEnough(int lit) => lit > Settings.Render.MinimumFill * _renderer.PixelCount;

    private int CountRenderable(ulong attempt, byte[] pixels)
    {
        var random = new PythonRandom(RandomStream.Derive(Settings.Seed, ProbeStream, attempt, 1));
        var renderable = 0;
        for (var probe = 0; probe < Probes && renderable < ProbesNeeded; probe++)
        {
            renderable += IsEnough(_renderer.Render(Settings.Perturbation.Apply(Base, random), random, pixels)) ? 1 : 0;
        }

        return renderable;
    }
}
