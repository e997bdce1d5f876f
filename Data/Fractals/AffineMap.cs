namespace OneFractal.Data.Fractals;

/// <summary>One affine map of an iterated function system: x' = A·x + B·y + E, y' = C·x + D·y + F.</summary>
/// <param name="A">x to x'.</param>
/// <param name="B">y to x'.</param>
/// <param name="C">x to y'.</param>
/// <param name="D">y to y'.</param>
/// <param name="E">Translation of x.</param>
/// <param name="F">Translation of y.</param>
/// <param name="Probability">How often the chaos game takes this map; the probabilities of a system sum to 1.</param>
public readonly record struct AffineMap(double A, double B, double C, double D, double E, double F, double Probability)
{
    /// <summary>Determinant of the linear part: the factor by which the map scales areas, negative when it reflects.</summary>
    public double Determinant => A * D - B * C;

    /// <summary>Largest singular value of the linear part; the map contracts when it is below 1.</summary>
    public double LargestSingularValue
    {
        get
        {
            // The singular values of a 2×2 matrix are half the sum and half the difference of these two lengths.
            var same = double.Hypot(A + D, C - B);
            var opposite = double.Hypot(A - D, C + B);
            return (same + opposite) / 2;
        }
    }

    /// <summary>Smallest singular value of the linear part.</summary>
    public double SmallestSingularValue => Math.Abs(double.Hypot(A + D, C - B) - double.Hypot(A - D, C + B)) / 2;
}
