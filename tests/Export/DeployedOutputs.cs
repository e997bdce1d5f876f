using OneFractal.Evaluation;
using OneFractal.Export;

namespace OneFractal.Tests.Export;

/// <summary>Runs deployed graphs on ONNX Runtime for comparisons.</summary>
internal static class DeployedOutputs
{
    /// <summary>All outputs for seeded noise, and that they say something.</summary>
    public static float[][] Of(OnnxModel model, int count = 2, float scale = 1)
    {
        using var reader = OutputReader.Open(model);
        var outputs = reader.Run(TestModels.Noise(count * reader.ImageLength).Select(v => v * scale).ToArray(), count);
        Assert.IsTrue(outputs.All(o => o.Max() - o.Min() > 0.01f), "Every output says something.");
        return outputs;
    }

    /// <summary>That the outputs are the same up to <paramref name="tolerance"/> times the largest value above 1.</summary>
    public static void AssertEqual(float[][] expected, float[][] actual, double tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        foreach (var (e, a) in expected.Zip(actual))
        {
            Assert.HasCount(e.Length, a);
            Assert.IsLessThanOrEqualTo(tolerance * Math.Max(1, e.Max(Math.Abs)), e.Zip(a, (x, y) => Math.Abs((double)x - y)).Max());
        }
    }
}
