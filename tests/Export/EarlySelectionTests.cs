using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>That selecting an element early leaves the outputs as they are, and spares the work.</summary>
[TestClass]
public sealed class EarlySelectionTests
{
    private const float Tolerance = 1e-5f;

    [TestMethod]
    public void OfALastBlock_OnlyTheClassTokenIsComputed()
    {
        var model = FixedBatch.Fix(Backbone.Create("vit-nano", seed: 2), 2);
        var expected = Run(model);
        EarlySelection.Apply(model);
        ModelChecker.Check(model);
        var actual = Run(model);
        Assert.IsLessThan(Tolerance, expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max());

        var infos = ShapeInference.InferAll(model);
        long Tokens(string block) => infos[model.Graph.Node.Last(n => n.Name.StartsWith($"blocks.{block}.mlp", StringComparison.Ordinal)).Output[0]].Shape![1].Value!.Value;
        Assert.AreEqual(17, Tokens("4"));
        Assert.AreEqual(1, Tokens("5"));
    }

    [TestMethod]
    public void AValueThatIsReadWhole_IsComputedWhole()
    {
        var g = new GraphBuilder("test");
        var x = g.Input("x", DataType.Float, 2, 3, 4);
        var y = g.Relu(g.Add(x, g.Float(0.5f)));
        g.Output(g.Rename(g.Select(g.Mul(y, g.Float(2)), 1, -1), "last"));
        g.Output(g.Rename(g.Softmax(y, 1), "all"));
        var model = g.Build();
        var expected = Run(model);
        EarlySelection.Apply(model);
        ModelChecker.Check(model);
        CollectionAssert.AreEqual(expected, Run(model));
        Assert.AreEqual(3, ShapeInference.InferAll(model)[y.Name].Shape![1].Value);
        Assert.HasCount(1, model.Graph.Node.Where(n => n.OpType == "Slice"));
    }

    [TestMethod]
    public void ASelectionOfASelection_StaysTheSame()
    {
        var g = new GraphBuilder("test");
        var x = g.Relu(g.Input("x", DataType.Float, 2, 3, 4, 5));
        g.Output(g.Rename(g.Select(g.Relu(g.Select(x, 1, 2)), 1, 3), "both"));
        var model = g.Build();
        var expected = Run(model);
        EarlySelection.Apply(model);
        ModelChecker.Check(model);
        CollectionAssert.AreEqual(expected, Run(model));
    }

    /// <summary>Before opset 13, Softmax is over all axes from one on.</summary>
    [TestMethod]
    public void AnOldSoftmax_IsComputedWhole()
    {
        var g = new GraphBuilder("test", opset: 11);
        var x = g.Input("x", DataType.Float, 2, 4, 6);
        g.Output(g.Rename(g.Select(g.Node("Softmax", [x]), 1, 0), "first"));
        var model = g.Build();
        var expected = Run(model);
        EarlySelection.Apply(model);
        CollectionAssert.AreEqual(expected, Run(model));
    }

    private static float[] Run(OnnxModel model)
    {
        using var session = new InferenceSession(model.Proto.ToByteArray());
        using var options = new RunOptions();
        long[] shape = [.. session.InputMetadata.Single().Value.Dimensions.Select(d => (long)d)];
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (p, d) => p * d)).Select(_ => (float)random.NextDouble() - 0.5f)];
        using var input = OrtValue.CreateTensorValueFromMemory(values, shape);
        using var results = session.Run(options, new Dictionary<string, OrtValue> { [session.InputNames[0]] = input }, session.OutputNames);
        return [.. results.SelectMany(r => r.GetTensorDataAsSpan<float>().ToArray())];
    }
}
