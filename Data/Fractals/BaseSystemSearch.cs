using OneFractal.Common;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Draws base systems until they are usable: they contract, light enough pixels, and at least a quarter of the perturbations tried do as
/// well, so that no class is out of reach. The published generator checks nothing, and one base in sixty hangs it.
/// </summary>
internal sealed class BaseSystemSearch(FractalSetSettings settings)
{
    private const ulong BaseStream = 0xBA5E;
    private const ulong ProbeStream = 0x9808E;
    private const int Tries = 64;
    private const int Probes = 16;
    private const int ProbesNeeded = 4;
    private readonly FractalRenderer _renderer = new(settings.Render);
    private readonly byte[] _pixels = new byte[settings.Render.Size * settings.Render.Size];
    private int _mostLit;

    /// <summary>One system, or one for each class.</summary>
    /// <exception cref="UsageException">No usable system was found in a bounded number of tries.</exception>
    public IReadOnlyList<IteratedFunctionSystem> Run(CancellationToken cancellation)
    {
        var systems = new IteratedFunctionSystem[settings.Family == FractalFamily.OneFractal ? 1 : settings.Classes];
        for (var i = 0; i < systems.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            systems[i] = Find((ulong)i);
        }

        return systems;
    }

    private IteratedFunctionSystem Find(ulong index)
    {
        for (var attempt = 0UL; attempt < Tries; attempt++)
        {
            var system = IfsSampler.Sample(settings.Maps, settings.SigmaFactor, new RandomStream(settings.Seed, BaseStream, index, attempt));
            if (system.LargestSingularValue < 1 && IsUsable(system, new PythonRandom(RandomStream.Derive(settings.Seed, ProbeStream, index, attempt))))
            {
                return system;
            }
        }

        var (sigma, delta, render) = (settings.SigmaFactor, settings.Perturbation.Delta, settings.Render);
        throw new UsageException(
            FormattableString.Invariant($"None of {Tries} base systems with {settings.Maps} maps, sigma {sigma} and delta {delta} lights more than {render.MinimumFill:P0} of the pixels ")
            + FormattableString.Invariant($"(the best {(double)_mostLit / _pixels.Length:P1}): raise --sigma or --points, or lower --delta, --size or --min-fill."));
    }

    private bool IsUsable(IteratedFunctionSystem system, PythonRandom random)
    {
        var sequence = new MapSequence(system, settings.Render.Points);
        var lit = _renderer.Render(system, sequence, random, _pixels);
        _mostLit = Math.Max(_mostLit, lit);
        if (!settings.Render.IsEnough(lit) || settings.Family == FractalFamily.ManyFractals)
        {
            return settings.Render.IsEnough(lit);
        }

        var renderable = 0;
        for (var probe = 0; probe < Probes && renderable < ProbesNeeded; probe++)
        {
            var perturbed = settings.Perturbation.Apply(system, random);
            renderable += settings.Render.IsEnough(_renderer.Render(perturbed, sequence, random, _pixels)) ? 1 : 0;
        }

        return renderable >= ProbesNeeded;
    }
}
