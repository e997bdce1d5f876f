namespace OneFractal.Data.Fractals;

/// <summary>A random change of the six parameters of every map; map probabilities stay those of the base system.</summary>
/// <param name="Kind">Multiplied or added.</param>
/// <param name="Delta">Δ, the width of the change; 0.1 transfers best in the paper.</param>
public sealed record Perturbation(PerturbationKind Kind, double Delta)
{
    /// <summary>The published code's kind, at the paper's best width.</summary>
    public Perturbation()
        : this(PerturbationKind.Multiplicative, 0.1)
    {
    }

    internal IteratedFunctionSystem Apply(IteratedFunctionSystem system, PythonRandom random)
    {
        var maps = new AffineMap[system.Maps.Length];
        for (var i = 0; i < maps.Length; i++)
        {
            var map = system.Maps[i];
            // The published order of draws is a, b, c, d, e, f, on which the bytes of every image depend.
            var a = Change(map.A, random);
            var b = Change(map.B, random);
            var c = Change(map.C, random);
            var d = Change(map.D, random);
            var e = Change(map.E, random);
            var f = Change(map.F, random);
            maps[i] = new AffineMap(a, b, c, d, e, f, map.Probability);
        }

        return new IteratedFunctionSystem(maps);
    }

    private double Change(double value, PythonRandom random) => Kind switch
    {
        PerturbationKind.Multiplicative => value * random.Uniform(1 - Delta, 1 + Delta),
        PerturbationKind.Additive => value + random.Uniform(-Delta / 2, Delta / 2),
        _ => throw new InvalidOperationException($"Unknown perturbation {Kind}."),
    };
}
