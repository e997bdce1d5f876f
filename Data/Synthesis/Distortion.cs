using System.Collections.Immutable;
using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Synthesis;

/// <summary>Fills the maps that say which source pixel each pixel of a distorted image shows.</summary>
internal static class Distortion
{
    private const int PolynomialDegree = 3;

    /// <summary>Smoothness of an elastic field: the Gaussian's standard deviation as a share of the image's side.</summary>
    private const double ElasticSmoothness = 0.08;

    private static readonly ImmutableArray<(int X, int Y)> Powers =
        [.. from total in Enumerable.Range(0, PolynomialDegree + 1) from y in Enumerable.Range(0, total + 1) select (total - y, y)];

    /// <summary>The names of what <see cref="FillMaps"/> returns. An elastic field has no short description; its seed stands for it.</summary>
    public static IReadOnlyList<string> ParameterNames(DistortionKind kind) => kind switch
    {
        DistortionKind.Affine => ["a", "b", "c", "d", "e", "f"],
        DistortionKind.Polynomial => [.. from axis in "xy" from power in Powers select $"{axis}_{power.X}{power.Y}"],
        _ => [],
    };

    /// <summary>Draws a distortion and writes it to <paramref name="mapX"/> and <paramref name="mapY"/> (square, 32-bit float), in pixels.</summary>
    public static double[] FillMaps(DistortionKind kind, double delta, RandomStream random, Mat mapX, Mat mapY)
    {
        switch (kind)
        {
            case DistortionKind.Affine:
                var m = Draw(6, delta, random);
                FillMap(mapX, (x, y) => (1 + m[0]) * x + m[1] * y + m[4]);
                FillMap(mapY, (x, y) => m[2] * x + (1 + m[3]) * y + m[5]);
                return m;
            case DistortionKind.Polynomial:
                var c = Draw(2 * Powers.Length, delta, random);
                FillMap(mapX, (x, y) => x + Polynomial(c.AsSpan(0, Powers.Length), x, y));
                FillMap(mapY, (x, y) => y + Polynomial(c.AsSpan(Powers.Length), x, y));
                return c;
            case DistortionKind.Elastic:
                FillElastic(mapX, delta, random, alongX: true);
                FillElastic(mapY, delta, random, alongX: false);
                return [];
            default:
                throw new InvalidOperationException($"Unknown distortion {kind}.");
        }
    }

    private static double[] Draw(int count, double delta, RandomStream random)
    {
        var values = new double[count];
        foreach (ref var value in values.AsSpan())
        {
            value = random.Uniform(-delta, delta);
        }

        return values;
    }

    private static double Polynomial(ReadOnlySpan<double> coefficients, double x, double y)
    {
        Span<double> powersX = [1, x, x * x, x * x * x];
        Span<double> powersY = [1, y, y * y, y * y * y];
        var sum = 0.0;
        for (var i = 0; i < coefficients.Length; i++)
        {
            sum += coefficients[i] * powersX[Powers[i].X] * powersY[Powers[i].Y];
        }

        return sum;
    }

    private static void FillMap(Mat map, Func<double, double, double> source)
    {
        var size = map.Rows;
        var values = map.AsSpan<float>();
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < size; column++)
            {
                values[row * size + column] = (float)ToPixel(source(ToUnit(column, size), ToUnit(row, size)), size);
            }
        }
    }

    private static void FillElastic(Mat map, double delta, RandomStream random, bool alongX)
    {
        var size = map.Rows;
        foreach (ref var value in map.AsSpan<float>())
        {
            value = (float)random.Uniform(-1, 1);
        }

        // The kernel spans three standard deviations to either side; the border wraps nothing in from the far edge.
        Cv2.GaussianBlur(map, map, new Size(0, 0), ElasticSmoothness * size, borderType: BorderTypes.Reflect);
        Cv2.MeanStdDev(map, out _, out var deviation);
        // Smoothing shrinks the field by an amount that depends on the draw; it is scaled back to the wanted strength.
        map.ConvertTo(map, -1, delta * size / 2 / Math.Max(deviation.Val0, 1e-12));
        var values = map.AsSpan<float>();
        for (var i = 0; i < values.Length; i++)
        {
            values[i] += alongX ? i % size : i / size;
        }
    }

    private static double ToUnit(int pixel, int size) => (2.0 * pixel + 1) / size - 1;

    private static double ToPixel(double unit, int size) => ((unit + 1) * size - 1) / 2;
}
