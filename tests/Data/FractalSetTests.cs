using OneFractal.Common;
using OneFractal.Data.Fractals;
using OneFractal.Data.Synthesis;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class FractalSetTests
{
    private static readonly FractalSetSettings Small = new()
    {
        Classes = 12,
        Seed = 7,
        Render = new RenderSettings { Size = 64, Points = 3000 },
    };

    [TestMethod]
    public void The_seed_decides_every_byte()
    {
        var first = Draw(FractalSet.Create(Small), 3);
        CollectionAssert.AreEqual(first, Draw(FractalSet.Create(Small), 3));
        CollectionAssert.AreNotEqual(first, Draw(FractalSet.Create(Small with { Seed = 8 }), 3));
        CollectionAssert.AreNotEqual(first, Draw(FractalSet.Create(Small), 4));
    }

    [TestMethod]
    public void Without_perturbation_the_same_shape_is_drawn_for_every_class()
    {
        var set = FractalSet.Create(Small with
        {
            Perturbation = new Perturbation(PerturbationKind.Multiplicative, 0),
            Render = Small.Render with { Mask = MaskMode.Fill },
        });
        CollectionAssert.AreEqual(Draw(set, 0), Draw(set, 11));
    }

    [TestMethod]
    [DataRow(PerturbationKind.Multiplicative)]
    [DataRow(PerturbationKind.Additive)]
    public void Perturbations_stay_within_delta(PerturbationKind kind)
    {
        const double Delta = 0.2;
        var set = FractalSet.Create(Small with { Perturbation = new Perturbation(kind, Delta) });
        for (var k = 0; k < set.ClassCount; k++)
        {
            var parameters = set.Render(k, new byte[64 * 64]);
            for (var m = 0; m < 2; m++)
            {
                var (c, p) = (parameters[2 + 7 * m + 2], parameters[2 + 7 * m + 6]);
                var map = set.BaseSystems[0].Maps[m];
                var limit = kind == PerturbationKind.Additive ? Delta / 2 : Delta * Math.Abs(map.C);
                Assert.IsLessThanOrEqualTo(limit + 1e-12, Math.Abs(c - map.C));
                Assert.AreEqual(map.Probability, p);
            }
        }
    }

    [TestMethod]
    public void Every_image_lights_more_than_the_minimum()
    {
        var set = FractalSet.Create(Small);
        for (var k = 0; k < set.ClassCount; k++)
        {
            var pixels = new byte[64 * 64];
            var lit = set.Render(k, pixels)[1];
            Assert.AreEqual(lit, pixels.Count(value => value == 127));
            Assert.IsGreaterThan(0.05 * pixels.Length, lit);
        }
    }

    [TestMethod]
    public void A_base_that_cannot_light_enough_is_an_error_that_names_the_parameters()
    {
        var error = Assert.ThrowsExactly<UsageException>(() => FractalSet.Create(Small with { Render = Small.Render with { MinimumFill = 0.99 } }));
        StringAssert.Contains(error.Message, "--min-fill");
    }

    [TestMethod]
    public void A_base_that_does_not_contract_is_refused()
    {
        var system = new IteratedFunctionSystem([new AffineMap(1.2, 0, 0, 0.5, 0, 0, 0.5), new AffineMap(0.5, 0, 0, 0.5, 1, 1, 0.5)]);
        var error = Assert.ThrowsExactly<UsageException>(() => new FractalSet(Small, [system]));
        StringAssert.Contains(error.Message, "1.2");
    }

    [TestMethod]
    public void Systems_that_run_to_infinity_leave_a_black_image()
    {
        var system = new IteratedFunctionSystem([new AffineMap(9, 1, 1, 9, 1, 1, 1)]);
        var pixels = new byte[64 * 64];
        Assert.AreEqual(0, new FractalRenderer(Small.Render).Render(system, new MapSequence(system, 3000), new PythonRandom(0), pixels));
        Assert.IsTrue(pixels.All(value => value == 0));
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(3L * 64 * 64)]
    [DataRow(1L << 30)]
    public void A_data_set_gives_the_same_images_whatever_it_keeps(long cacheBytes)
    {
        var set = FractalSet.Create(Small);
        using var dataset = new SyntheticDataset(set, cacheBytes);
        Assert.AreEqual(12, dataset.Count);
        for (var pass = 0; pass < 2; pass++)
        {
            for (var k = 0; k < dataset.Count; k++)
            {
                using var image = dataset.Load(k);
                Assert.AreEqual(MatType.CV_8UC1, image.Type());
                CollectionAssert.AreEqual(Draw(set, k), image.AsSpan<byte>().ToArray());
                Assert.AreEqual(k, dataset.Label(k));
            }
        }
    }

    [TestMethod]
    public void Many_fractals_are_systems_of_their_own_and_instances_stay_near_them()
    {
        var set = FractalSet.Create(Small with { Family = FractalFamily.ManyFractals, Classes = 5, ImagesPerClass = 3, InstanceDelta = 0.05 });
        Assert.HasCount(5, set.BaseSystems);
        Assert.AreEqual(5, set.BaseSystems.Select(system => system.Maps[0].A).Distinct().Count());
        AssertInstancesNear(set, label => set.BaseSystems[label].Maps[1].B);
    }

    [TestMethod]
    public void Instances_of_one_fractal_stay_near_their_class()
    {
        var set = FractalSet.Create(Small with { Classes = 5, ImagesPerClass = 3, InstanceDelta = 0.05 });
        // Asked for out of order, as workers do.
        var last = Draw(set, 14);
        AssertInstancesNear(set, label => set.Render(3 * label, new byte[64 * 64])[2 + 7 + 1]);
        CollectionAssert.AreEqual(last, Draw(set, 14));
    }

    private static void AssertInstancesNear(FractalSet set, Func<int, double> classValue)
    {
        for (var label = 0; label < set.ClassCount; label++)
        {
            var b = classValue(label);
            for (var instance = 0; instance < 3; instance++)
            {
                var drawn = set.Render(3 * label + instance, new byte[64 * 64])[2 + 7 + 1];
                Assert.IsLessThanOrEqualTo(0.05 * Math.Abs(b) + 1e-12, Math.Abs(drawn - b));
                Assert.AreEqual(instance == 0, drawn == b);
            }
        }
    }

    private static byte[] Draw(FractalSet set, int index)
    {
        var pixels = new byte[set.Size * set.Size];
        set.Render(index, pixels);
        return pixels;
    }
}
