using System.Security.Cryptography;
using OneFractal.Data.Fractals;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class FractalRendererTests
{
    public static IEnumerable<object[]> GoldenIndices => Enumerable.Range(0, 8).Select(i => new object[] { i });

    [TestMethod]
    [DynamicData(nameof(GoldenIndices))]
    public void Matches_the_published_generator_bit_for_bit(int index)
    {
        var golden = GoldenRender.All[index];
        var random = new PythonRandom(golden.NoiseSeed);
        var system = new Perturbation(PerturbationKind.Multiplicative, golden.Delta).Apply(golden.Base, random);
        for (var m = 0; m < system.Maps.Length; m++)
        {
            Assert.AreEqual(golden.Base.Maps[m].A * golden.Noise[m][0], system.Maps[m].A);
            Assert.AreEqual(golden.Base.Maps[m].F * golden.Noise[m][5], system.Maps[m].F);
        }

        var renderer = new FractalRenderer(golden.Settings);
        var image = new byte[renderer.PixelCount];
        var lit = renderer.Render(system, new MapSequence(golden.Base, golden.Iterations), random, image);

        Assert.AreEqual(golden.Nonzero, lit);
        Assert.AreEqual(golden.FillRate, lit / (double)image.Length);
        CollectionAssert.AreEqual(golden.RowSums, Bands(image, golden.Size));
        Assert.AreEqual(golden.Sha256, Convert.ToHexStringLower(SHA256.HashData(image)));
    }

    [TestMethod]
    [DataRow(MaskMode.Random, 600_000)]
    [DataRow(MaskMode.Fill, 5000)]
    [DataRow(MaskMode.Random, 16)]
    [DataRow(MaskMode.Random, 1001)]
    public void Side_by_side_and_alone_give_the_bytes_of_a_plain_renderer(MaskMode mask, int points)
    {
        // An odd size and odd numbers of points and images, more than one round of lanes, and points beyond what a canvas takes at once.
        var settings = new RenderSettings { Size = 77, Points = points, Mask = mask };
        var system = GoldenRender.All[1].Base;
        var sequence = new MapSequence(system, points);
        var renderer = new FractalRenderer(settings);
        var systems = Enumerable.Range(0, 11).Select(i => new Perturbation().Apply(system, new PythonRandom((ulong)i))).ToArray();
        // A game that runs to infinity beside the others, given time.
        systems[4] = new IteratedFunctionSystem(system.Maps.Select(map => map with { A = 9, D = -7 }));
        var images = systems.Select(_ => new Memory<byte>(new byte[renderer.PixelCount])).ToArray();
        var lit = new int[systems.Length];
        renderer.RenderMany(systems, sequence, [.. Enumerable.Range(0, 11).Select(i => new PythonRandom((ulong)i))], images, lit);
        for (var i = 0; i < systems.Length; i++)
        {
            var expected = i == 4 && points > 1000 ? new byte[renderer.PixelCount] : PlainRenderer.Render(systems[i], sequence, new PythonRandom((ulong)i), settings);
            CollectionAssert.AreEqual(expected, images[i].ToArray(), $"image {i}");
            var alone = new byte[renderer.PixelCount];
            Assert.AreEqual(lit[i], renderer.Render(systems[i], sequence, new PythonRandom((ulong)i), alone));
            CollectionAssert.AreEqual(expected, alone);
            Assert.AreEqual(lit[i], expected.Count(value => value != 0));
        }
    }

    private static int[] Bands(byte[] image, int size)
    {
        var bands = new int[8];
        for (var i = 0; i < image.Length; i++)
        {
            bands[i / size * 8 / size] += image[i] != 0 ? 1 : 0;
        }

        return bands;
    }
}
