using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>
/// The fast mode's chaos game: eight walkers draw one image together, each an eighth of the points, so that a step's latency is shared. The
/// first starts at (0, 0) as the published game does; the others have walked before they are drawn, so that the image shows one
/// start and not eight.
/// </summary>
internal static class WalkerGame
{
    /// <summary>Most maps for which the coefficients fit into a vector each.</summary>
    public const int MaximumMaps = 8;

    private const int Warmup = 32;

    /// <summary>Fills the points, walker by walker in turn. Their number is a multiple of eight.</summary>
    public static void Play(IteratedFunctionSystem system, MapSequence sequence, Span<double> xs, Span<double> ys)
    {
        var maps = system.Maps;
        var a = Gather(maps.Length, i => maps[i].A);
        var b = Gather(maps.Length, i => maps[i].B);
        var c = Gather(maps.Length, i => maps[i].C);
        var d = Gather(maps.Length, i => maps[i].D);
        var e = Gather(maps.Length, i => maps[i].E);
        var f = Gather(maps.Length, i => maps[i].F);
        var choices = sequence.WalkerChoices;
        Vector512<double> x = default, y = default;
        for (var i = 0; i < Warmup + xs.Length / MaximumMaps; i++)
        {
            if (i == Warmup)
            {
                x = x.WithElement(0, 0);
                y = y.WithElement(0, 0);
            }

            if (i >= Warmup)
            {
                x.CopyTo(xs[((i - Warmup) * MaximumMaps)..]);
                y.CopyTo(ys[((i - Warmup) * MaximumMaps)..]);
            }

            var map = choices[i % choices.Length];
            var nextX = Vector512.FusedMultiplyAdd(x, Vector512.Shuffle(a, map), Vector512.FusedMultiplyAdd(y, Vector512.Shuffle(b, map), Vector512.Shuffle(e, map)));
            y = Vector512.FusedMultiplyAdd(x, Vector512.Shuffle(c, map), Vector512.FusedMultiplyAdd(y, Vector512.Shuffle(d, map), Vector512.Shuffle(f, map)));
            x = nextX;
        }
    }

    private static Vector512<double> Gather(int maps, Func<int, double> parameter)
    {
        Span<double> values = stackalloc double[MaximumMaps];
        for (var i = 0; i < maps; i++)
        {
            values[i] = parameter(i);
        }

        return Vector512.Create<double>(values);
    }
}
