using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Turns points into places on a canvas, <c>row · rowLength + column + origin</c>: x and y are stretched to fill [pad, pad + inner] and cut to
/// whole pixels, as the published code does: (x − min) / (max − min) · inner + pad.
/// </summary>
internal readonly struct PlaceMapper
{
    /// <summary>
    /// Bounds the difference between the published expression and a product that stands for it: a few roundings of numbers below 2^14,
    /// each at most 2^-40.
    /// </summary>
    private const double Tolerance = 1e-9;

    private readonly PointBounds _bounds;
    private readonly Vector512<double> _inner, _pad, _scaleX, _scaleY, _lowX, _lowY, _highX, _highY;
    private readonly Vector256<int> _rowLength, _origin;

    public PlaceMapper(PointBounds bounds, int inner, int pad, int rowLength, int origin)
    {
        _bounds = bounds;
        _inner = Vector512.Create((double)inner);
        _pad = Vector512.Create((double)pad);
        _scaleX = _inner / bounds.Width;
        _scaleY = _inner / bounds.Height;
        var tolerance = Vector512.Create(Tolerance);
        (_lowX, _highX) = (_pad - bounds.MinX * _scaleX - tolerance, _pad - bounds.MinX * _scaleX + tolerance);
        (_lowY, _highY) = (_pad - bounds.MinY * _scaleY - tolerance, _pad - bounds.MinY * _scaleY + tolerance);
        _rowLength = Vector256.Create(rowLength);
        _origin = Vector256.Create(origin);
    }

    /// <summary>The places of eight points. Lanes that are not usable give numbers without meaning.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> Map(Vector512<double> x, Vector512<double> y)
    {
        // Division is what costs here. Where a pixel is certain, because both ends of the tolerance fall into it, it is not needed.
        var column = Truncate(Vector512.FusedMultiplyAdd(x, _scaleX, _lowX));
        var row = Truncate(Vector512.FusedMultiplyAdd(y, _scaleY, _lowY));
        var otherColumn = Truncate(Vector512.FusedMultiplyAdd(x, _scaleX, _highX));
        var otherRow = Truncate(Vector512.FusedMultiplyAdd(y, _scaleY, _highY));
        if (((column ^ otherColumn) | (row ^ otherRow)) != Vector256<int>.Zero)
        {
            (column, row) = Divide(x, y);
        }

        return row * _rowLength + column + _origin;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private (Vector256<int> Column, Vector256<int> Row) Divide(Vector512<double> x, Vector512<double> y)
    {
        return (Truncate((x - _bounds.MinX) / _bounds.Width * _inner + _pad), Truncate((y - _bounds.MinY) / _bounds.Height * _inner + _pad));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Truncate(Vector512<double> values)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.ConvertToVector256Int32WithTruncation(values);
        }

        if (Avx.IsSupported)
        {
            return Vector256.Create(
                Avx.ConvertToVector128Int32WithTruncation(values.GetLower()), Avx.ConvertToVector128Int32WithTruncation(values.GetUpper()));
        }

        return Vector256.Narrow(Vector256.ConvertToInt64(values.GetLower()), Vector256.ConvertToInt64(values.GetUpper()));
    }
}
