using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training;

/// <summary>That a network with the channels before the batch is the same network.</summary>
[TestClass]
public sealed class ChannelsFirstTests
{
    [TestMethod]
    [DataRow("resnet-micro", 32, 8)]
    [DataRow("resnet50", 64, 2)]
    public void ATrainStep_EqualsTheOneInTheUsualLayout(string backbone, int size, int batch)
    {
        var model = Backbone.WithHead(Backbone.Create(backbone, seed: 3, size), ["a", "b", "c"]);
        var recipe = new TrainingRecipe { BatchSize = batch, Optimizer = OptimizerKind.Sgd, DropPath = 0.3 };
        var (step, usual) = (TrainStepGraph.Build(model, recipe, batch), TrainStepGraph.Build(model, recipe, batch, null, forGpu: true));
        Assert.IsTrue(step.Graph.Node.Where(n => n.OpType == "Conv").All(n => n.GetInts("pads")!.Length == 6), "Every convolution goes over the batch.");
        Assert.IsTrue(usual.Graph.Node.Where(n => n.OpType == "Conv").All(n => n.GetInts("pads")!.Length == 4), "A GPU computes it as it is.");
        var (actual, expected) = (TrainStepRun.Outputs(step, model), TrainStepRun.Outputs(usual, model));
        CollectionAssert.AreEquivalent(expected.Keys, actual.Keys);
        foreach (var (name, values) in expected)
        {
            var scale = Math.Max(values.Max(Math.Abs), 1e-3);
            Assert.IsLessThan(1e-4, values.Zip(actual[name], (e, a) => Math.Abs(e - a)).Max() / scale, name);
        }
    }

    /// <summary>Gates, groups, pools and a constant beside what ResNets have.</summary>
    [TestMethod]
    public void EveryOperator_ComputesTheSame()
    {
        var random = new Random(1);
        var g = new GraphBuilder("net");
        Value Weight(string name, params long[] shape)
        {
            return g.Initializer(TensorProtoExtensions.Float(name, shape, [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (p, d) => p * d)).Select(_ => (float)random.NextDouble() - 0.5f)]));
        }

        var x = g.Node("HardSwish", [g.Conv2d(g.Input("x", DataType.Float, 3, 2, 9, 8), Weight("w1", 4, 2, 3, 3), Weight("b1", 4), 2, 1)]);
        var gate = g.Node("Sigmoid", [g.Conv2d(g.Node("GlobalAveragePool", [x]), Weight("w2", 4, 4, 1, 1), null, 1)]);
        x = g.BatchNormalization(g.Mul(g.Scale(x, 3), gate), Weight("scale", 4), Weight("bias", 4), 1e-3f, 0.9f);
        var grouped = g.Conv2d(x, Weight("w3", 4, 2, 3, 3), null, 1, 1, groups: 2);
        x = g.MaxPool2d(g.Add(g.Relu(grouped), g.Sub(x, Weight("offset", 4, 1, 1))), 3, 2, 1);
        g.Output(g.Node("Flatten", [g.Node("AveragePool", [g.Conv2d(x, Weight("w4", 5, 4, 1, 1), null, 1)], ("kernel_shape", (long[])[2, 2]))]));
        var usual = g.Build();
        var exchanged = usual.Clone();
        ChannelsFirst.Apply(exchanged);
        ModelChecker.Check(exchanged);
        // Into the first convolution; before the grouped one and the offsets, which share it; into the last convolution; and at the end.
        Assert.AreEqual(4, exchanged.Graph.Node.Count(n => n.OpType == "Transpose"));
        float[] images = [.. Enumerable.Range(0, 3 * 2 * 9 * 8).Select(_ => (float)random.NextDouble() - 0.5f)];
        float[] Run(OnnxModel model)
        {
            using var session = new InferenceSession(model.Proto.ToByteArray());
            using var options = new RunOptions();
            using var input = OrtValue.CreateTensorValueFromMemory(images, [3, 2, 9, 8]);
            using var results = session.Run(options, ["x"], [input], session.OutputNames);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }

        var (expected, actual) = (Run(usual), Run(exchanged));
        Assert.AreEqual(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-6f);
        }
    }
}
