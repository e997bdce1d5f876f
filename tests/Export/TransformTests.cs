using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Inference;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

[TestClass]
public sealed class TransformTests
{
    private static readonly SessionSettings Plain = new() { Device = ComputeDevice.Cpu, Optimization = GraphOptimization.None };

    [TestMethod]
    [DataRow("vit-nano", 3, 1e-6f)]
    [DataRow("vit-micro", 2, 1e-6f)]
    // The runtime multiplies by constants with another kernel, whose rounding twelve blocks add up.
    [DataRow("vit-tiny", 1, 5e-6f)]
    public void FoldingAndFixing_KeepTheOutput(string name, int batch, float tolerance)
    {
        var model = TestModels.Classifier(name);
        var expected = Outputs(model, batch);
        var folded = ConstantFolding.Apply(model);
        AssertEqual(expected, Outputs(folded, batch), tolerance);
        var fixedBatch = FixedBatch.Apply(model, batch);
        AssertEqual(expected, Outputs(fixedBatch, batch), tolerance);
        // Twice changes nothing more.
        Assert.AreEqual(folded.Fingerprint(), ConstantFolding.Apply(folded).Fingerprint());
        Assert.AreEqual(fixedBatch.Fingerprint(), FixedBatch.Apply(fixedBatch, batch).Fingerprint());

        Assert.AreEqual($"float[{batch}, 5]", TensorInfo.From(fixedBatch.Graph.Output[0])!.ToString());
        Assert.DoesNotContain(n => n.OpType is "Shape" or "Expand" or "Concat" && n.Input.All(i => fixedBatch.FindInitializer(i) is not null), fixedBatch.Graph.Node);
        Assert.DoesNotContain(n => n.OpType == "Transpose" && folded.FindInitializer(n.Input[0]) is not null, folded.Graph.Node);
        Assert.IsNull(folded.TrainableNames);
        CollectionAssert.AreEqual(TestModels.Labels, folded.Metadata!.Labels.ToArray());
        Assert.IsNotNull(model.TrainableNames, "The original is untouched.");
    }

    [TestMethod]
    public void FixedBatch_OfAnotherFixedBatch_SaysWhatToDo()
    {
        var error = Assert.ThrowsExactly<ModelException>(() => FixedBatch.Apply(FixedBatch.Apply(TestModels.Features(), 4), 2));
        StringAssert.Contains(error.Message, "does not take a batch of 2");
    }

    [TestMethod]
    public void Folding_RemovesDropoutAndIdentity_AndFoldsForeignConstants()
    {
        var g = new GraphBuilder("foreign");
        var x = g.Input("x", DataType.Float, "batch", 3, 2, 2);
        var weight = g.Node("Constant", [], ("value", TensorProtoExtensions.Float("", [2, 1], [1f, 2f])));
        var y = g.Node("Identity", [g.Node("Dropout", [x])]);
        g.Output(g.Add(y, g.Transpose(weight, 1, 0)));
        var model = g.Build();
        var folded = ConstantFolding.Apply(model);
        CollectionAssert.AreEqual(new[] { "Add" }, folded.Graph.Node.Select(n => n.OpType).ToArray());
        AssertEqual(Outputs(model, 2), Outputs(folded, 2), 0);
    }

    [TestMethod]
    public void Head_GoesOnAndOff()
    {
        var backbone = TestModels.Features();
        var classifier = Backbone.WithHead(backbone, TestModels.Labels, seed: 3);
        Assert.AreEqual("float[batch, 5]", TensorInfo.From(classifier.Graph.Output[0])!.ToString());
        CollectionAssert.AreEqual(new[] { "head.weight", "head.bias" }, classifier.TrainableNames!.TakeLast(2).ToArray());
        Assert.AreEqual(128 * 5 + 5, Backbone.CountParameters(classifier) - Backbone.CountParameters(backbone));

        Assert.AreEqual(backbone.Fingerprint(), ClassificationHead.Detach(classifier).Fingerprint());
        var replaced = Backbone.WithHead(classifier, ["one", "two"], seed: 4);
        Assert.AreEqual(Backbone.WithHead(backbone, ["one", "two"], seed: 4).Fingerprint(), replaced.Fingerprint());
        CollectionAssert.AreEqual(new[] { "one", "two" }, replaced.Metadata!.Labels.ToArray());

        // logits = features · weightᵀ + bias
        var (features, logits) = (Outputs(backbone, 1), Outputs(classifier, 1));
        var weight = classifier.FindInitializer("head.weight")!.ToFloats();
        for (var i = 0; i < 5; i++)
        {
            Assert.AreEqual(Enumerable.Range(0, 128).Sum(k => features[k] * weight[i * 128 + k]), logits[i], 1e-5f);
        }

        var foreign = classifier.Clone();
        foreign.Proto.MetadataProps.Clear();
        AssertEqual(features, Outputs(ClassificationHead.Detach(foreign), 1), 0);
    }

    [TestMethod]
    public void AFoldedClassifier_StillLosesItsHead()
    {
        var model = TestModels.Classifier();
        AssertEqual(
            Outputs(ClassificationHead.Detach(model), 2), Outputs(ClassificationHead.Detach(ConstantFolding.Apply(model)), 2), 1e-6f);
    }

    private static float[] Outputs(OnnxModel model, int batch)
    {
        using var runner = ModelRunner.Create(model, Plain);
        var outputs = new float[batch * runner.OutputLength];
        runner.Run(TestModels.Noise(batch * runner.ImageLength), batch, outputs);
        Assert.IsGreaterThan(0.01f, outputs.Max() - outputs.Min(), "The outputs say something.");
        return outputs;
    }

    private static void AssertEqual(float[] expected, float[] actual, float tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        var scale = Math.Max(1, expected.Max(Math.Abs));
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], tolerance * scale);
        }
    }
}
