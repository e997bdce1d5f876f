using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

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

    /// <summary>The classifier as another exporter writes it: without metadata, and for one image at a time unless <paramref name="batch"/> says otherwise (null: any).</summary>
    public static OnnxModel Foreign(string name = "vit-nano", int? batch = 1)
    {
        var model = batch is { } fixedBatch ? FixedBatch.Apply(Classifier(name), fixedBatch) : Classifier(name);
        model.Proto.MetadataProps.Clear();
        return model;
    }

    /// <summary>A few hundred bytes of weights and a little of everything, so that damage seldom hits a mere weight.</summary>
    public static OnnxModel Small()
    {
        FillParameter fill = (_, _, values) => values.Fill(0.25f);
        var g = new GraphBuilder("small");
        var images = g.Input("images", DataType.Float, "batch", 3, 4, 4);
        var patches = g.Conv2d(images, g.Parameter("proj.weight", [4, 3, 2, 2], fill), g.Parameter("proj.bias", [4], fill), 2);
        var x = g.Transpose(g.Reshape(patches, 0, 4, 4), 0, 2, 1);
        var token = g.Parameter("cls_token", [1, 1, 4], fill);
        x = g.Concat(1, g.Expand(token, g.Concat(0, g.SizeOf(images, 0), g.Int64s(1, 4))), x);
        var branch = g.Linear(g.LayerNormalization(x, g.Parameter("s", [4], fill), g.Parameter("b", [4], fill), 1e-6f), g.Parameter("w", [4, 4], fill), g.Parameter("v", [4], fill));
        x = g.Add(x, g.ResidualBranch(g.Gelu(g.Mul(g.Split(branch, 2, 1)[0], g.Float(2))), 1));
        var features = g.Rename(g.Select(x, 1, 0), "features");
        g.Output(features);
        var model = g.Build(features.Name);
        model.Metadata = new ModelMetadata { Architecture = "small", NumFeatures = 4, Preprocessing = new Preprocessing(3, 4, 4) };
        return ClassificationHead.Attach(model, ["a", "b"], fill);
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
