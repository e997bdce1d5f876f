using OneFractal.Common;
using OneFractal.Data.Synthesis;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Classes made of fractals: perturbed copies of one base system (1p-frac, arXiv 2408.00677) or a base system each (FractalDB, OFDB).
/// Image i is a function of the base systems, the settings and i alone. Thread-safe.
/// </summary>
public sealed class FractalSet : ISyntheticSource
{
    /// <summary>Perturbations tried for an image before giving up.</summary>
    public const int MaximumAttempts = 200;

    private const ulong ImageStream = 0x13A6E;
    private static readonly Perturbation Unperturbed = new(PerturbationKind.Multiplicative, 0);
    private readonly FractalRenderer _renderer;
    private readonly MapSequence? _sharedSequence;
    private readonly IteratedFunctionSystem?[] _classSystems;

    /// <summary>The set of base systems that are already known: one, or one for each class.</summary>
    /// <exception cref="UsageException">A setting is out of range, or a map of a system does not contract.</exception>
    public FractalSet(FractalSetSettings settings, IReadOnlyList<IteratedFunctionSystem> baseSystems)
    {
        settings.Validate();
        var wanted = settings.Family == FractalFamily.OneFractal ? 1 : settings.Classes;
        if (baseSystems.Count != wanted)
        {
            throw new UsageException($"A set of this family with {settings.Classes} classes has {wanted} base systems, not {baseSystems.Count}.");
        }

        if (baseSystems.FirstOrDefault(system => system.LargestSingularValue >= 1) is { } expanding)
        {
            throw new UsageException(FormattableString.Invariant(
                $"A base system does not contract: its largest singular value is {expanding.LargestSingularValue:0.####}, it must be below 1."));
        }

        Settings = settings;
        BaseSystems = baseSystems;
        _renderer = new FractalRenderer(settings.Render);
        // One sequence serves every image of one fractal; those of many are made when needed, as keeping them would take 100 kB each.
        _sharedSequence = baseSystems.Count == 1 ? new MapSequence(baseSystems[0], settings.Render.Points) : null;
        _classSystems = new IteratedFunctionSystem?[settings.Classes];
        ParameterNames = [.. NameParameters(baseSystems[0].Maps.Length)];
    }

    /// <summary>Everything the set is made from but the base systems.</summary>
    public FractalSetSettings Settings { get; }

    /// <summary>The unperturbed systems: one, or one for each class.</summary>
    public IReadOnlyList<IteratedFunctionSystem> BaseSystems { get; }

    /// <inheritdoc />
    public int ClassCount => Settings.Classes;

    /// <inheritdoc />
    public int ImagesPerClass => Settings.ImagesPerClass;

    /// <inheritdoc />
    public int Size => Settings.Render.Size;

    /// <inheritdoc />
    public int Channels => 1;

    /// <inheritdoc />
    public IReadOnlyList<string> ParameterNames { get; }

    /// <summary>Draws the base systems by the settings' seed; see <see cref="BaseSystemSearch"/> for what makes one usable.</summary>
    /// <exception cref="UsageException">A setting is out of range, or no usable system was found in a bounded number of tries.</exception>
    public static FractalSet Create(FractalSetSettings settings, CancellationToken cancellation = default)
    {
        settings.Validate();
        return new FractalSet(settings, new BaseSystemSearch(settings).Run(cancellation));
    }

    /// <summary>
    /// Draws image <paramref name="index"/> into <paramref name="pixels"/>: size × size grey bytes, row by row, 127 on black. A perturbed system
    /// that no longer contracts is drawn all the same where its points stay finite; one whose points run off to infinity, or that lights
    /// too few pixels, is perturbed anew.
    /// </summary>
    /// <returns>Attempts, lit pixels, and a to f and the probability of each map.</returns>
    /// <exception cref="DataException">No perturbation lit enough pixels in <see cref="MaximumAttempts"/> tries.</exception>
    public double[] Render(int index, Span<byte> pixels)
    {
        var drawing = Begin(index);
        var sequence = _sharedSequence ?? new MapSequence(BaseSystems[drawing.Label], Settings.Render.Points);
        while (true)
        {
            var system = drawing.NextSystem();
            var lit = _renderer.Render(system, sequence, drawing.Random, pixels);
            if (Accept(drawing, system, lit) is { } parameters)
            {
                return parameters;
            }
        }
    }

    /// <inheritdoc />
    /// <remarks>Images of one fractal are drawn eight at a time; each is what <see cref="Render"/> gives.</remarks>
    public double[][] RenderMany(ReadOnlySpan<int> indices, ReadOnlySpan<Memory<byte>> images)
    {
        var parameters = new double[indices.Length][];
        if (_sharedSequence is null)
        {
            for (var i = 0; i < parameters.Length; i++)
            {
                parameters[i] = Render(indices[i], images[i].Span);
            }

            return parameters;
        }

        var waiting = new Queue<(Drawing Drawing, int Slot)>();
        for (var i = 0; i < parameters.Length; i++)
        {
            waiting.Enqueue((Begin(indices[i]), i));
        }

        // The rejected ones stand in line again, so that the lanes stay full.
        while (waiting.Count > 0)
        {
            var round = new (Drawing Drawing, int Slot)[Math.Min(ChaosGame.Lanes, waiting.Count)];
            var systems = new IteratedFunctionSystem[round.Length];
            var randoms = new PythonRandom[round.Length];
            var targets = new Memory<byte>[round.Length];
            for (var lane = 0; lane < round.Length; lane++)
            {
                round[lane] = waiting.Dequeue();
                systems[lane] = round[lane].Drawing.NextSystem();
                randoms[lane] = round[lane].Drawing.Random;
                targets[lane] = images[round[lane].Slot];
            }

            var lit = new int[round.Length];
            _renderer.RenderMany(systems, _sharedSequence, randoms, targets, lit);
            for (var lane = 0; lane < round.Length; lane++)
            {
                if (Accept(round[lane].Drawing, systems[lane], lit[lane]) is { } accepted)
                {
                    parameters[round[lane].Slot] = accepted;
                }
                else
                {
                    waiting.Enqueue(round[lane]);
                }
            }
        }

        return parameters;
    }

    private Drawing Begin(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, ClassCount * ImagesPerClass);
        var (label, instance) = Math.DivRem(index, ImagesPerClass);
        var random = new PythonRandom(RandomStream.Derive(Settings.Seed, ImageStream, (ulong)label, (ulong)instance));
        return (instance, Settings.Family) switch
        {
            (0, FractalFamily.OneFractal) => new Drawing(label, instance, BaseSystems[0], Settings.Perturbation, random),
            (0, _) => new Drawing(label, instance, BaseSystems[label], Unperturbed, random),
            _ => new Drawing(label, instance, ClassSystem(label), new Perturbation(PerturbationKind.Multiplicative, Settings.InstanceDelta), random),
        };
    }

    /// <summary>The image's parameters when it lights enough pixels, else null.</summary>
    private double[]? Accept(Drawing drawing, IteratedFunctionSystem system, int lit)
    {
        if (Settings.Render.IsEnough(lit))
        {
            return Parameters(drawing.Attempts, lit, system);
        }

        return drawing.Attempts < MaximumAttempts ? null : throw new DataException(FormattableString.Invariant(
            $"Class {drawing.Label}, image {drawing.Instance}: none of {MaximumAttempts} perturbations lights more than {Settings.Render.MinimumFill:P0} of the pixels: lower --delta or --min-fill, or raise --points."));
    }

    private static double[] Parameters(int attempt, int lit, IteratedFunctionSystem system)
    {
        var parameters = new List<double> { attempt, lit };
        foreach (var map in system.Maps)
        {
            parameters.AddRange([map.A, map.B, map.C, map.D, map.E, map.F, map.Probability]);
        }

        return [.. parameters];
    }

    private static IEnumerable<string> NameParameters(int maps)
    {
        return ((string[])["attempts", "lit_pixels"]).Concat(
            Enumerable.Range(0, maps).SelectMany(map => "abcdefp".Select(letter => $"{letter}{map}")));
    }

    /// <summary>The system that the class's first image shows, which is known once that image has been accepted.</summary>
    private IteratedFunctionSystem ClassSystem(int label)
    {
        if (Settings.Family == FractalFamily.ManyFractals)
        {
            return BaseSystems[label];
        }

        if (_classSystems[label] is null)
        {
            var parameters = Render(label * ImagesPerClass, new byte[Size * Size]);
            _classSystems[label] = new IteratedFunctionSystem(parameters.Skip(2).Chunk(7)
                .Select(p => new AffineMap(p[0], p[1], p[2], p[3], p[4], p[5], p[6])));
        }

        return _classSystems[label]!;
    }

    /// <summary>An image being drawn. A rejected attempt's noise and masks stay consumed and the next noise follows them, as published.</summary>
    private sealed class Drawing(int label, int instance, IteratedFunctionSystem parent, Perturbation perturbation, PythonRandom random)
    {
        public int Label => label;

        public int Instance => instance;

        public PythonRandom Random => random;

        public int Attempts { get; private set; }

        public IteratedFunctionSystem NextSystem()
        {
            Attempts++;
            return perturbation.Apply(parent, random);
        }
    }
}
