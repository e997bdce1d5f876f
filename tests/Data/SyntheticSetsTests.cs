using OneFractal.Common;
using OneFractal.Data;
using OneFractal.Data.Fractals;
using OneFractal.Data.Synthesis;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class SyntheticSetsTests
{
    private static readonly RenderSettings Render = new() { Size = 48, Points = 2000 };

    public static IEnumerable<object[]> Kinds =>
    [
        ["one"], ["many"], ["rgb affine"], ["grey polynomial"], ["canny elastic"], ["gaussian"], ["uniform"],
    ];

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void A_saved_set_gives_the_same_bytes(string kind)
    {
        using var folder = new TempFolder();
        var source = Make(kind, folder);
        SyntheticSets.Save(folder["fractal.json"], source);
        var loaded = SyntheticSets.Load(folder["fractal.json"]);
        Assert.AreEqual(source.ClassCount, loaded.ClassCount);
        for (var i = 0; i < source.ClassCount * source.ImagesPerClass; i++)
        {
            var (first, second) = (Draw(source, i), Draw(loaded, i));
            CollectionAssert.AreEqual(first.Pixels, second.Pixels);
            CollectionAssert.AreEqual(first.Parameters, second.Parameters);
            Assert.HasCount(source.ParameterNames.Count, first.Parameters);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Classes_differ_and_the_seed_decides(string kind)
    {
        using var folder = new TempFolder();
        var source = Make(kind, folder);
        CollectionAssert.AreNotEqual(Draw(source, 0).Pixels, Draw(source, source.ImagesPerClass).Pixels);
        CollectionAssert.AreEqual(Draw(source, 1).Pixels, Draw(Make(kind, folder), 1).Pixels);
        CollectionAssert.AreNotEqual(Draw(source, 1).Pixels, Draw(Make(kind, folder, seed: 99), 1).Pixels);
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Several_at_a_time_are_the_same_images(string kind)
    {
        using var folder = new TempFolder();
        var source = Make(kind, folder);
        int[] indices = [3, 0, 1, 3, 2, 0, 1, 2, 3, 0];
        var images = indices.Select(_ => new Memory<byte>(new byte[source.Size * source.Size * source.Channels])).ToArray();
        var parameters = source.RenderMany(indices, images);
        for (var i = 0; i < indices.Length; i++)
        {
            var expected = Draw(source, indices[i]);
            CollectionAssert.AreEqual(expected.Pixels, images[i].ToArray());
            CollectionAssert.AreEqual(expected.Parameters, parameters[i]);
        }
    }

    [TestMethod]
    [DataRow(DistortionKind.Affine)]
    [DataRow(DistortionKind.Polynomial)]
    [DataRow(DistortionKind.Elastic)]
    public void A_distortion_of_strength_zero_shows_the_image_itself(DistortionKind kind)
    {
        using var folder = new TempFolder();
        using var image = TestImages.Gradient(48, 48);
        TestImages.Write(folder["image.png"], image);
        var set = RealImageSet.Create(new RealImageSetSettings { Mode = RealImageMode.Rgb, Distortion = kind, Delta = 0, Size = 48, Classes = 2 }, folder["image.png"]);
        CollectionAssert.AreEqual(image.AsSpan<byte>().ToArray(), Draw(set, 0).Pixels);
    }

    [TestMethod]
    public void An_affine_distortion_moves_the_image_as_its_parameters_say()
    {
        using var x = new Mat(10, 10, MatType.CV_32FC1);
        using var y = new Mat(10, 10, MatType.CV_32FC1);
        var p = Distortion.FillMaps(DistortionKind.Affine, 0.3, new RandomStream(1), x, y);
        // The pixel at column 7, row 2 has unit coordinates 0.5 and −0.5.
        var (u, v) = ((1 + p[0]) * 0.5 + p[1] * -0.5 + p[4], p[2] * 0.5 + (1 + p[3]) * -0.5 + p[5]);
        Assert.AreEqual((u + 1) * 5 - 0.5, x.At<float>(2, 7), 1e-4);
        Assert.AreEqual((v + 1) * 5 - 0.5, y.At<float>(2, 7), 1e-4);
        Assert.IsTrue(p.All(value => Math.Abs(value) <= 0.3));
    }

    [TestMethod]
    public void An_elastic_field_has_the_wanted_strength_and_is_smooth()
    {
        using var x = new Mat(64, 64, MatType.CV_32FC1);
        using var y = new Mat(64, 64, MatType.CV_32FC1);
        Distortion.FillMaps(DistortionKind.Elastic, 0.1, new RandomStream(1), x, y);
        var displacement = x.AsSpan<float>().ToArray().Select((value, i) => value - i % 64).ToArray();
        var mean = displacement.Average();
        Assert.AreEqual(0.1 * 32, Math.Sqrt(displacement.Average(d => (d - mean) * (d - mean))), 0.01);
        Assert.IsTrue(Enumerable.Range(0, 63).All(i => Math.Abs(displacement[i + 1] - displacement[i]) < 3.2));
    }

    [TestMethod]
    public void Noise_has_the_moments_of_its_distribution()
    {
        var uniform = Draw(new NoiseSet(new NoiseSetSettings { Kind = NoiseKind.Uniform, Size = 101, Classes = 2 }), 1).Pixels;
        Assert.AreEqual(127.5, uniform.Average(v => (double)v), 2);
        Assert.AreEqual(73.9, Math.Sqrt(uniform.Average(v => (v - 127.5) * (v - 127.5))), 1);
        var gaussian = Draw(new NoiseSet(new NoiseSetSettings { Size = 101, Classes = 2 }), 1).Pixels;
        Assert.AreEqual(127.5, gaussian.Average(v => (double)v), 2);
        // A little below 64, because the tails are cut.
        Assert.AreEqual(62.5, Math.Sqrt(gaussian.Average(v => (v - 127.5) * (v - 127.5))), 1.5);
    }

    [TestMethod]
    public void An_image_that_shows_nothing_is_refused()
    {
        using var folder = new TempFolder();
        using var flat = new Mat(40, 40, MatType.CV_8UC3, new Scalar(90, 90, 90));
        TestImages.Write(folder["flat.png"], flat);
        var error = Assert.ThrowsExactly<UsageException>(() => RealImageSet.Create(new RealImageSetSettings { Size = 32 }, folder["flat.png"]));
        StringAssert.Contains(error.Message, "flat.png");
    }

    [TestMethod]
    [DataRow("not json", "fractal.json")]
    [DataRow("{\"version\":1}", "no synthetic set")]
    [DataRow("{\"version\":9}", "version 9")]
    [DataRow("{\"version\":1,\"surprise\":3}", "surprise")]
    [DataRow("{\"version\":1,\"fractal\":{\"classes\":2},\"baseSystems\":[[[0.5,0,0,0.5,1,1,0.4]]]}", "probabilities")]
    public void A_damaged_file_is_refused_in_one_line(string content, string expected)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["fractal.json"], content);
        var error = Assert.ThrowsExactly<DataException>(() => SyntheticSets.Load(folder["fractal.json"]));
        StringAssert.Contains(error.Message, expected);
        Assert.AreEqual(1, error.Message.Split('\n').Length);
    }

    internal static ISyntheticSource Make(string kind, TempFolder folder, ulong seed = 5)
    {
        var image = folder["image.png"];
        if (!File.Exists(image))
        {
            using var picture = TestImages.Gradient(70, 60);
            Cv2.Circle(picture, new Point(35, 30), 14, new Scalar(250, 240, 10), -1);
            TestImages.Write(image, picture);
        }

        RealImageSetSettings Real(RealImageMode mode, DistortionKind distortion) =>
            new() { Mode = mode, Distortion = distortion, Size = 48, Classes = 4, Seed = seed };

        return kind switch
        {
            "one" => FractalSet.Create(new FractalSetSettings { Classes = 4, ImagesPerClass = 2, Render = Render, Seed = seed }),
            "many" => FractalSet.Create(new FractalSetSettings { Family = FractalFamily.ManyFractals, Classes = 4, Maps = 3, SigmaFactor = 4.5, Render = Render, Seed = seed }),
            "rgb affine" => RealImageSet.Create(Real(RealImageMode.Rgb, DistortionKind.Affine), image),
            "grey polynomial" => RealImageSet.Create(Real(RealImageMode.Grey, DistortionKind.Polynomial), image),
            "canny elastic" => RealImageSet.Create(Real(RealImageMode.Canny, DistortionKind.Elastic), image),
            "gaussian" => new NoiseSet(new NoiseSetSettings { Classes = 4, Size = 17, Seed = seed }),
            _ => new NoiseSet(new NoiseSetSettings { Kind = NoiseKind.Uniform, Classes = 4, Size = 17, Channels = 1, Seed = seed }),
        };
    }

    private static (byte[] Pixels, double[] Parameters) Draw(ISyntheticSource source, int index)
    {
        var pixels = new byte[source.Size * source.Size * source.Channels];
        return (pixels, source.Render(index, pixels));
    }
}
