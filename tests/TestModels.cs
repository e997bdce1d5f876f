using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;

namespace OneFractal.Tests;

/// <summary>Models that tests make for themselves: real backbones with spread weights, so that every part of them matters.</summary>
internal static class TestModels
{
    public static readonly string[] Labels = ["ankle boot", "Hemd", "帽子", "d", "e"];

    /// <summary>A backbone whose weights are all away from their initial zeros and ones.</summary>
    public static OnnxModel Features(string name = "vit-nano", ulong seed = 1)
    {
        return Spread(Backbone.Create(name, seed), seed);
    }

    /// <summary>The same with a head for <see cref="Labels"/>.</summary>
    public static OnnxModel Classifier(string name = "vit-nano", ulong seed = 1)
    {
        return Spread(Backbone.WithHead(Backbone.Create(name, seed), Labels, seed), seed);
    }

    /// <summary>Seeded values in [−1, 1).</summary>
    public static float[] Noise(int length, ulong seed = 0)
    {
        var random = new RandomStream(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)random.Uniform(-1, 1))];
    }

    private static OnnxModel Spread(OnnxModel model, ulong seed)
    {
        var random = new RandomStream(seed, 99);
        foreach (var tensor in model.Graph.Initializer.Where(t => model.TrainableNames!.Contains(t.Name)))
        {
            tensor.SetFloats([.. tensor.ToFloats().Select(v => v + (float)(0.05 * random.NextGaussian()))]);
        }

        return model;
    }
}
