using System.Runtime.Intrinsics;

namespace OneFractal.Data.Fractals;

/// <summary>The rectangle that holds all points of a game, in each lane. Games start at (0, 0), so it contains that point.</summary>
internal readonly record struct PointBounds(Vector512<double> MinX, Vector512<double> MaxX, Vector512<double> MinY, Vector512<double> MaxY)
{
    public Vector512<double> Width => MaxX - MinX;

    public Vector512<double> Height => MaxY - MinY;

    /// <summary>False when the points of a game ran off to infinity or fell together, so that there is nothing to draw.</summary>
    public bool IsUsable(int lane) =>
        Width[lane] is > 0 and < double.PositiveInfinity && Height[lane] is > 0 and < double.PositiveInfinity;
}
