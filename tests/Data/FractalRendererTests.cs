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
