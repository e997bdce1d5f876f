using System.Collections.Immutable;

namespace OneFractal.Data.Fractals;

/// <summary>An iterated function system: affine maps whose random composition (the chaos game) draws a fractal.</summary>
public sealed class IteratedFunctionSystem
{
    /// <summary>Most maps a system may have: a map choice is stored in a byte.</summary>
    public const int MaximumMaps = 255;

    /// <summary>A system of <paramref name="maps"/>, each with its probability.</summary>
    /// <exception cref="ArgumentException">No map, too many, a parameter that is not finite, or probabilities that do not sum to 1.</exception>
    public IteratedFunctionSystem(IEnumerable<AffineMap> maps)
    {
        Maps = [.. maps];
        if (Maps.Length is 0 or > MaximumMaps)
        {
            throw new ArgumentException($"A system has 1 to {MaximumMaps} maps, not {Maps.Length}.", nameof(maps));
        }

        foreach (var map in Maps)
        {
            if (!double.IsFinite(map.A + map.B + map.C + map.D + map.E + map.F) || !(map.Probability >= 0))
            {
                throw new ArgumentException($"Not a usable map: {map}.", nameof(maps));
            }
        }

        var sum = Maps.Sum(map => map.Probability);
        if (Math.Abs(sum - 1) > 1e-6)
        {
            throw new ArgumentException($"The map probabilities sum to {sum}, not 1.", nameof(maps));
        }
    }

    /// <summary>The maps, in the order in which their probabilities accumulate.</summary>
    public ImmutableArray<AffineMap> Maps { get; }

    /// <summary>Largest singular value over all maps; below 1 every map contracts and the fractal exists and is bounded.</summary>
    public double LargestSingularValue => Maps.Max(map => map.LargestSingularValue);

    /// <summary>Sum over the maps of s1 + 2·s2, the singular values (Anderson and Farrell, arXiv 2110.03091).</summary>
    public double SigmaFactor => Maps.Sum(map => map.LargestSingularValue + 2 * map.SmallestSingularValue);

    /// <summary>A system whose map probabilities are proportional to |det| of the linear parts.</summary>
    public static IteratedFunctionSystem WithAreaProbabilities(IReadOnlyList<AffineMap> maps)
    {
        var areas = maps.Select(map => Math.Abs(map.Determinant)).ToArray();
        var total = areas.Sum();
        return new IteratedFunctionSystem(maps.Select((map, i) => map with { Probability = total > 0 ? areas[i] / total : 1.0 / maps.Count }));
    }
}
