using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>One game whose points have been played and kept.</summary>
internal sealed class StoredChaosGame : IChaosGame
{
    private readonly double[] _xs;
    private readonly double[] _ys;

    /// <param name="xs">The points' coordinates, used until <see cref="Place"/> returns; the last one is the last point of the game.</param>
    /// <param name="ys">The same.</param>
    public StoredChaosGame(double[] xs, double[] ys)
    {
        _xs = xs;
        _ys = ys;
        // Infinity and NaN stay once they have come, so the last points tell.
        var last = xs.AsSpan(Math.Max(0, xs.Length - Vector512<double>.Count)).ToArray().Concat(ys.AsSpan(Math.Max(0, ys.Length - Vector512<double>.Count)).ToArray());
        Bounds = last.All(double.IsFinite)
            ? new PointBounds(Minimum(_xs, 1), -Minimum(_xs, -1), Minimum(_ys, 1), -Minimum(_ys, -1))
            : default;
    }

    /// <inheritdoc />
    public PointBounds Bounds { get; }

    /// <summary>
    /// Plays one game exactly as published, at the latency of a step (a product and two sums) a point. What rounds the room up to whole
    /// vectors repeats the last point.
    /// </summary>
    public static void PlayPublished(IteratedFunctionSystem system, MapSequence sequence, Span<double> xs, Span<double> ys)
    {
        var maps = system.Maps.AsSpan();
        var choices = sequence.Choices.AsSpan();
        xs = xs[..Math.Max(xs.Length, choices.Length)];
        ys = ys[..xs.Length];
        double x = 0, y = 0;
        for (var i = 0; i < choices.Length; i++)
        {
            xs[i] = x;
            ys[i] = y;
            ref readonly var map = ref maps[choices[i]];
            // Written in the published order: the sums round differently in another one. The JIT does not fuse them.
            var nextX = x * map.A + y * map.B + map.E;
            y = x * map.C + y * map.D + map.F;
            x = nextX;
        }

        xs[choices.Length..].Fill(xs[choices.Length - 1]);
        ys[choices.Length..].Fill(ys[choices.Length - 1]);
    }

    /// <inheritdoc />
    public void Place(in PlaceMapper mapper, Span<int> places, int distance)
    {
        var map = mapper;
        for (var i = 0; i < distance; i += Vector512<double>.Count)
        {
            map.Map(Vector512.Create(_xs, i), Vector512.Create(_ys, i)).CopyTo(places[i..]);
        }
    }

    /// <summary>The least of the values times <paramref name="sign"/>, in every lane.</summary>
    private static Vector512<double> Minimum(double[] values, double sign)
    {
        var least = Vector512<double>.Zero;
        for (var i = 0; i < values.Length; i += Vector512<double>.Count)
        {
            least = Vector512.MinNative(least, Vector512.Create(values, i) * sign);
        }

        var result = 0.0;
        for (var lane = 0; lane < Vector512<double>.Count; lane++)
        {
            result = Math.Min(result, least[lane]);
        }

        return Vector512.Create(result);
    }
}
