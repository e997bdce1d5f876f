using System.Security.Cryptography;
using OneFractal.Data.Fractals;

namespace OneFractal.Tests.Data;

/// <summary>
/// The fast mode draws other points and holes than the published generator, but from the same distribution. A drawing's fill rate and shape
/// depend on chance, above all through its outermost points, so the same system is drawn with many sequences of map choices in
/// either mode. Compared are the mean fill rates, against their standard error, and the mean density of lit pixels in
/// each of 16×16 cells, against the difference between two such series of the published generator.
/// </summary>
[TestClass]
public sealed class FastModeTests
{
    private const int Images = 60;
    private const int Size = 128;
    private const int Cells = 16;

    private static readonly RenderSettings Published = new() { Size = Size, Points = 20_000 };

    [TestMethod]
    [DataRow(1)]
    [DataRow(5)]
    [DataRow(6)]
    public void Fill_rates_and_densities_are_those_of_the_published_generator(int golden)
    {
        var exact = Draw(golden, RenderGenerator.Published, seed: 0);
        var other = Draw(golden, RenderGenerator.Published, seed: 1000);
        var fast = Draw(golden, RenderGenerator.Fast, seed: 2000);
        var published = exact.Concat(other).Select(Fill).ToArray();
        var mean = published.Average();
        var deviation = Math.Sqrt(published.Average(fill => (fill - mean) * (fill - mean)));
        Assert.AreEqual(mean, fast.Average(Fill), 4 * deviation * Math.Sqrt(1.0 / Images + 0.5 / Images));
        Assert.IsLessThan(1.5 * Difference(exact, other), Difference(exact, fast));
    }

    [TestMethod]
    public void Masks_are_uniform_and_their_bits_independent()
    {
        var masks = new ushort[511 * 200];
        HashMasks.Fill(masks, 77, 0);
        var counts = new int[512];
        foreach (var mask in masks)
        {
            counts[mask]++;
        }

        Assert.AreEqual(0, counts[0]);
        // Chi-squared with 510 degrees of freedom: mean 510, standard deviation 32.
        Assert.AreEqual(510, counts[1..].Sum(count => (count - 200.0) * (count - 200.0) / 200), 5 * 32);
        var repeats = masks.Zip(masks.Skip(1)).Count(pair => pair.First == pair.Second);
        Assert.AreEqual(200, repeats, 5 * Math.Sqrt(200));
    }

    [TestMethod]
    public void The_bytes_are_pinned()
    {
        // A change here changes every set that was made in the fast mode.
        var image = Draw(3, RenderGenerator.Fast, seed: 5)[0];
        Assert.AreEqual("cc5942d07074a041", Convert.ToHexStringLower(SHA256.HashData(image))[..16]);
    }

    [TestMethod]
    public void Systems_that_run_to_infinity_leave_a_black_image()
    {
        var system = new IteratedFunctionSystem([new AffineMap(9, 1, 1, 9, 1, 1, 1)]);
        var pixels = new byte[Size * Size];
        var renderer = new FractalRenderer(Published with { Generator = RenderGenerator.Fast });
        Assert.AreEqual(0, renderer.Render(system, new MapSequence(system, Published.Points), new PythonRandom(0), pixels));
    }

    private static byte[][] Draw(int golden, RenderGenerator generator, uint seed)
    {
        var system = GoldenRender.All[golden].Base;
        var renderer = new FractalRenderer(Published with { Generator = generator });
        return [.. Enumerable.Range(0, Images).Select(i =>
        {
            var image = new byte[Size * Size];
            renderer.Render(system, new MapSequence(system, Published.Points, seed + (uint)i), new PythonRandom(seed + (ulong)i), image);
            return image;
        })];
    }

    private static double Fill(byte[] image) => image.Count(value => value != 0) / (double)image.Length;

    /// <summary>Mean difference between the two series' mean densities, over the cells.</summary>
    private static double Difference(byte[][] first, byte[][] second) =>
        MeanDensities(first).Zip(MeanDensities(second)).Average(cell => Math.Abs(cell.First - cell.Second));

    private static double[] MeanDensities(byte[][] images)
    {
        var densities = images.Select(Densities).ToArray();
        return [.. Enumerable.Range(0, Cells * Cells).Select(cell => densities.Average(image => image[cell]))];
    }

    private static double[] Densities(byte[] image)
    {
        var cells = new double[Cells * Cells];
        const int Side = Size / Cells;
        for (var i = 0; i < image.Length; i++)
        {
            cells[i / Size / Side * Cells + i % Size / Side] += image[i] != 0 ? 1.0 / (Side * Side) : 0;
        }

        return cells;
    }
}
