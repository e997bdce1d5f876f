namespace OneFractal.Data.Fractals;

/// <summary>The rectangle that holds all points of a chaos game, which starts at (0, 0).</summary>
internal readonly record struct PointBounds(double MinX, double MaxX, double MinY, double MaxY)
{
    public double Width => MaxX - MinX;

    public double Height => MaxY - MinY;

    /// <summary>False when the points ran off to infinity (a NaN compares false) or fell together.</summary>
    public bool IsUsable => Width is > 0 and < double.PositiveInfinity && Height is > 0 and < double.PositiveInfinity;
}
