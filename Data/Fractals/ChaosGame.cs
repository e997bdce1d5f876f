using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Plays the chaos games of eight systems side by side, one in each lane of a vector. A step must wait for the one before it (a product
/// and two sums), so a single game leaves the arithmetic units idle; eight take no longer. The order of operations is the published one
/// and products are never fused with sums, so every lane gives the published generator's bits. The game is played twice, for the bounds
/// and for the points: that is cheaper than to store and fetch the points of eight games.
/// </summary>
internal sealed class ChaosGame : IChaosGame
{
    /// <summary>Games played side by side.</summary>
    public const int Lanes = 8;

    private readonly byte[] _choices;
    private readonly Coefficients[] _maps;

    /// <summary>Games of <paramref name="systems"/>, which all have as many maps; lanes beyond them repeat the last.</summary>
    public ChaosGame(ReadOnlySpan<IteratedFunctionSystem> systems, MapSequence sequence)
    {
        _choices = sequence.Choices;
        _maps = new Coefficients[systems[0].Maps.Length];
        for (var i = 0; i < _maps.Length; i++)
        {
            _maps[i] = Coefficients.Gather(systems, i);
        }

        Bounds = FindBounds();
    }

    /// <inheritdoc />
    public PointBounds Bounds { get; }

    /// <inheritdoc />
    public void Place(in PlaceMapper mapper, Span<int> places, int distance)
    {
        var map = mapper;
        Vector512<double> x = default, y = default;
        Span<int> square = stackalloc int[Lanes * Lanes];
        for (var i = 0; i < distance; i += Lanes)
        {
            // Beyond the last point the games stand still: distance is rounded up to whole squares.
            var steps = Math.Min(Lanes, _choices.Length - i);
            for (var step = 0; step < steps; step++)
            {
                map.Map(x, y).CopyTo(square[(step * Lanes)..]);
                (x, y) = _maps[_choices[i + step]].Apply(x, y);
            }

            Transpose(square, places[i..], distance);
        }
    }

    private PointBounds FindBounds()
    {
        Vector512<double> x = default, y = default, minX = default, minY = default, maxX = default, maxY = default;
        // One step less than there are points, since the start is the first point.
        foreach (var choice in _choices.AsSpan(0, _choices.Length - 1))
        {
            (x, y) = _maps[choice].Apply(x, y);
            minX = Vector512.MinNative(minX, x);
            minY = Vector512.MinNative(minY, y);
            maxX = Vector512.MaxNative(maxX, x);
            maxY = Vector512.MaxNative(maxY, y);
        }

        // The native minimum may pass over a NaN. Infinity and NaN stay once they have come, so the last point tells.
        var finite = Vector512.LessThan(Vector512.Abs(x) + Vector512.Abs(y), Vector512.Create(double.PositiveInfinity));
        return new PointBounds(
            minX, Vector512.ConditionalSelect(finite, maxX, minX), minY, Vector512.ConditionalSelect(finite, maxY, minY));
    }

    /// <summary>Writes the columns of an 8×8 square as rows that lie <paramref name="distance"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ReadOnlySpan<int> square, Span<int> target, int distance)
    {
        if (!Avx2.IsSupported)
        {
            for (var i = 0; i < square.Length; i++)
            {
                target[i % Lanes * distance + i / Lanes] = square[i];
            }

            return;
        }

        // The range check of everything below.
        _ = target[(Lanes - 1) * distance + Lanes - 1];
        ref var from = ref MemoryMarshal.GetReference(square);
        ref var to = ref MemoryMarshal.GetReference(target);
        for (var half = 0; half < Lanes; half += 4)
        {
            // Four columns of the upper four rows beside those of the lower four; then the usual transposition of 4×4 in each half.
            var a = Pair(ref from, half);
            var b = Pair(ref from, half + Lanes);
            var c = Pair(ref from, half + 2 * Lanes);
            var d = Pair(ref from, half + 3 * Lanes);
            var ab01 = Avx2.UnpackLow(a, b).AsInt64();
            var ab23 = Avx2.UnpackHigh(a, b).AsInt64();
            var cd01 = Avx2.UnpackLow(c, d).AsInt64();
            var cd23 = Avx2.UnpackHigh(c, d).AsInt64();
            Avx2.UnpackLow(ab01, cd01).AsInt32().StoreUnsafe(ref to, (nuint)(half * distance));
            Avx2.UnpackHigh(ab01, cd01).AsInt32().StoreUnsafe(ref to, (nuint)((half + 1) * distance));
            Avx2.UnpackLow(ab23, cd23).AsInt32().StoreUnsafe(ref to, (nuint)((half + 2) * distance));
            Avx2.UnpackHigh(ab23, cd23).AsInt32().StoreUnsafe(ref to, (nuint)((half + 3) * distance));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Pair(ref int square, int at) =>
        Vector256.Create(Vector128.LoadUnsafe(ref square, (nuint)at), Vector128.LoadUnsafe(ref square, (nuint)(at + 4 * Lanes)));

    /// <summary>One map's parameters in every lane.</summary>
    private struct Coefficients
    {
        private Vector512<double> _a, _b, _c, _d, _e, _f;

        public static Coefficients Gather(ReadOnlySpan<IteratedFunctionSystem> systems, int map)
        {
            Span<double> values = stackalloc double[6 * Lanes];
            for (var lane = 0; lane < Lanes; lane++)
            {
                var m = systems[Math.Min(lane, systems.Length - 1)].Maps[map];
                ReadOnlySpan<double> parameters = [m.A, m.B, m.C, m.D, m.E, m.F];
                for (var i = 0; i < parameters.Length; i++)
                {
                    values[i * Lanes + lane] = parameters[i];
                }
            }

            return new Coefficients
            {
                _a = Vector512.Create<double>(values),
                _b = Vector512.Create<double>(values[Lanes..]),
                _c = Vector512.Create<double>(values[(2 * Lanes)..]),
                _d = Vector512.Create<double>(values[(3 * Lanes)..]),
                _e = Vector512.Create<double>(values[(4 * Lanes)..]),
                _f = Vector512.Create<double>(values[(5 * Lanes)..]),
            };
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly (Vector512<double> X, Vector512<double> Y) Apply(Vector512<double> x, Vector512<double> y) =>
            (x * _a + y * _b + _e, x * _c + y * _d + _f);
    }
}
