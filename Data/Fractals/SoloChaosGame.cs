using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Plays the chaos game of one system, at the latency of a step (a product and two sums) a point, and keeps the points. The result is
/// bit for bit that of a lane of <see cref="ChaosGame"/>.
/// </summary>
internal sealed class SoloChaosGame : IChaosGame
{
    private readonly double[] _xs;
    private readonly double[] _ys;

    /// <param name="system">The system.</param>
    /// <param name="sequence">The maps its steps take.</param>
    /// <param name="xs">Room for the points, rounded up to whole vectors; used until <see cref="Place"/> returns.</param>
    /// <param name="ys">The same.</param>
    public SoloChaosGame(IteratedFunctionSystem system, MapSequence sequence, double[] xs, double[] ys)
    {
        _xs = xs;
        _ys = ys;
        var last = Play(system, sequence.Choices);
        Bounds = double.IsFinite(last)
            ? new PointBounds(Minimum(_xs, 1), -Minimum(_xs, -1), Minimum(_ys, 1), -Minimum(_ys, -1))
            : default;
    }

    /// <inheritdoc />
    public PointBounds Bounds { get; }

    /// <inheritdoc />
    public void Place(in PlaceMapper mapper, Span<int> places, int distance)
    {
        var map = mapper;
        for (var i = 0; i < distance; i += Vector512<double>.Count)
        {
            map.Map(Vector512.Create(_xs, i), Vector512.Create(_ys, i)).CopyTo(places[i..]);
        }
    }

    /// <summary>Fills the points and returns a number that is finite when they all are: infinity and NaN stay once they have come.</summary>
    private double Play(IteratedFunctionSystem system, ReadOnlySpan<byte> choices)
    {
        var maps = system.Maps.AsSpan();
        ref var xs = ref MemoryMarshal.GetArrayDataReference(_xs);
        ref var ys = ref MemoryMarshal.GetArrayDataReference(_ys);
        double x = 0, y = 0;
        for (var i = 0; i < choices.Length; i++)
        {
            Unsafe.Add(ref xs, i) = x;
            Unsafe.Add(ref ys, i) = y;
            ref readonly var map = ref maps[choices[i]];
            // Written in the published order: the sums round differently in another one. The JIT does not fuse them.
            var nextX = x * map.A + y * map.B + map.E;
            y = x * map.C + y * map.D + map.F;
            x = nextX;
        }

        // What rounds the room up to whole vectors repeats the last point.
        _xs.AsSpan(choices.Length).Fill(_xs[choices.Length - 1]);
        _ys.AsSpan(choices.Length).Fill(_ys[choices.Length - 1]);
        return Math.Abs(_xs[^1]) + Math.Abs(_ys[^1]);
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
