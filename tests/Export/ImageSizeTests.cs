using OneFractal.Export;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Export;

/// <summary>Models for images of another size, and the position embeddings that go with it.</summary>
[TestClass]
public sealed class ImageSizeTests
{
    [TestMethod]
    [DataRow(4, 8, 1)]
    [DataRow(14, 24, 1)]
    [DataRow(14, 9, 0)]
    [DataRow(8, 4, 2)]
    public void Positions_AreResampledAsPyTorchDoes(int from, int to, int prefix)
    {
        const int Width = 6;
        var values = TestModels.Noise((prefix + from * from) * Width);
        var actual = PositionEmbedding.Resample(values, prefix, from, to);
        CollectionAssert.AreEqual(values[..(prefix * Width)], actual[..(prefix * Width)], "What are no patches stays.");

        using var scope = NewDisposeScope();
        var grid = tensor(values[(prefix * Width)..]).reshape(1, from, from, Width).permute(0, 3, 1, 2);
        var resized = nn.functional.interpolate(grid, size: [to, to], mode: InterpolationMode.Bicubic, align_corners: false, antialias: true);
        var expected = resized.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
        Assert.IsLessThan(1e-5f, expected.Zip(actual.Skip(prefix * Width), (e, a) => Math.Abs(e - a)).Max());
    }

    [TestMethod]
    public void ABackbone_IsBuiltAnew_WithTheSameWeights()
    {
        var model = TestModels.Classifier();
        var larger = BackboneSize.Apply(model, 64);
        Assert.AreEqual(64, larger.Metadata!.Preprocessing.Height);
        CollectionAssert.AreEqual(TestModels.Labels, larger.Metadata.Labels.ToArray());
        CollectionAssert.AreEqual(new long[] { 1, 65, 128 }, larger.FindInitializer("pos_embed")!.Dims);
        CollectionAssert.AreEqual(model.FindInitializer("head.weight")!.ToFloats(), larger.FindInitializer("head.weight")!.ToFloats());
        CollectionAssert.AreEqual(
            model.FindInitializer("blocks.5.mlp.fc2.weight")!.ToFloats(), larger.FindInitializer("blocks.5.mlp.fc2.weight")!.ToFloats());
        _ = DeployedOutputs.Of(larger);
        Assert.ThrowsExactly<UsageException>(() => BackboneSize.Apply(model, 60));

        // Its own size changes nothing.
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(model), DeployedOutputs.Of(BackboneSize.Apply(model, 32)), 0);
    }

    [TestMethod]
    public void AForeignGraph_IsRewritten_OrRefused()
    {
        var own = BackboneSize.Apply(TestModels.Classifier("resnet-micro"), 48);
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(own), DeployedOutputs.Of(BackboneSize.Apply(TestModels.Foreign("resnet-micro", batch: null), 48)), 1e-6);

        var error = Assert.ThrowsExactly<ModelException>(() => BackboneSize.Apply(TestModels.Foreign(batch: null), 64));
        Assert.Contains("cannot be made for 64", error.Message);
        Assert.Contains("Reshape", error.Message);
    }

    /// <summary>As CNTK, Keras and others write global pooling: a window as large as the map of the one size that they know.</summary>
    [TestMethod]
    public void AnAverageOverTheWholeMap_IsOneAtAnySize_AndChannelsMayBeLast()
    {
        static OnnxModel Pooled(int size, bool global)
        {
            var g = new GraphBuilder("pooled");
            FillParameter fill = (name, _, values) => TestModels.Noise(values.Length, (ulong)name.Length).CopyTo(values);
            var x = g.Transpose(g.Input("images", OneFractal.Export.Onnx.TensorProto.Types.DataType.Float, "batch", size, size, 3), 0, 3, 1, 2);
            var map = g.Conv2d(g.Node("AveragePool", [x], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })), g.Parameter("w", [8, 3, 2, 2], fill), null, 2);
            var pool = global ? g.Node("GlobalAveragePool", [map]) : g.Node("AveragePool", [map], ("kernel_shape", new long[] { size / 4, size / 4 }));
            g.Output(g.Rename(g.Node("Flatten", [pool], ("axis", 1)), "features"));
            return g.Build();
        }

        var expected = DeployedOutputs.Of(ForeignModel.Import(Pooled(48, global: true)).Model);
        var import = ForeignModel.Import(Pooled(32, global: false), new ForeignModelSettings { Size = 48 });
        Assert.AreEqual((48, 48), (import.Model.Metadata!.Preprocessing.Height, import.Model.Metadata.Preprocessing.Width));
        Assert.Contains("size: was 32x32 pixels, now 48x48", import.Notes);
        Assert.HasCount(1, import.Model.Graph.Node.Where(n => n.OpType == "AveragePool"), "The other one is not of the whole map.");
        DeployedOutputs.AssertEqual(expected, DeployedOutputs.Of(import.Model), 1e-6);
        CollectionAssert.AreEqual(
            new long?[] { 48, 48, 3 }, TensorInfo.From(BackboneSize.Apply(Pooled(32, global: false), 48).Graph.Input[0])!.Shape!.Skip(1).Select(d => d.Value).ToArray());
    }

    [TestMethod]
    public void AForeignTransformer_ThatLeavesSizesOpen_IsResampled()
    {
        // As timm's exporter writes it with dynamic shapes: flattened by -1, positions added.
        var g = new GraphBuilder("open");
        FillParameter fill = (name, _, values) => TestModels.Noise(values.Length, (ulong)name.Length).CopyTo(values);
        var x = g.Input("images", OneFractal.Export.Onnx.TensorProto.Types.DataType.Float, "batch", 3, 32, 32);
        var map = g.Conv2d(x, g.Parameter("patch", [8, 3, 8, 8], fill), null, 8);
        var tokens = g.Add(g.Transpose(g.Reshape(map, 0, 8, -1), 0, 2, 1), g.Parameter("positions", [1, 16, 8], fill));
        g.Output(g.Rename(g.Mean(tokens, false, 1), "features"));
        var model = g.Build();
        var larger = BackboneSize.Apply(model, 48);
        CollectionAssert.AreEqual(new long[] { 1, 36, 8 }, larger.FindInitializer("positions")!.Dims);
        CollectionAssert.AreEqual(PositionEmbedding.Resample(model.FindInitializer("positions")!.ToFloats(), 0, 4, 6), larger.FindInitializer("positions")!.ToFloats());
        _ = DeployedOutputs.Of(larger);
    }
}
