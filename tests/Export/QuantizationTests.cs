using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>int8 files: what is quantised, by which numbers, and how near the outputs are.</summary>
[TestClass]
public sealed class QuantizationTests
{
    [TestMethod]
    [DataRow("vit-nano", "MatMulInteger")]
    [DataRow("resnet-micro", "ConvInteger")]
    public void Dynamic_NeedsNoRanges_AndStaysNear(string name, string product)
    {
        var model = DeploymentForm.Apply(TestModels.Classifier(name));
        var quantized = DynamicQuantization.Apply(model);
        Assert.IsLessThan(0.3, (double)quantized.Proto.CalculateSize() / model.Proto.CalculateSize());
        Assert.IsNotEmpty(quantized.Graph.Node.Where(n => n.OpType == product));
        Assert.DoesNotContain(n => n.OpType is "Conv" or "Gemm" || (n.OpType == "MatMul" && quantized.FindInitializer(n.Input[1]) is not null), quantized.Graph.Node);
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(model), DeployedOutputs.Of(quantized), 0.05);
    }

    [TestMethod]
    [DataRow("vit-nano")]
    [DataRow("resnet-micro")]
    public void Static_StaysNear_WithRangesOfTheSameImages(string name)
    {
        var model = DeploymentForm.Apply(TestModels.Classifier(name));
        var quantized = StaticQuantization.Apply(model, Ranges(model));
        Assert.IsLessThan(0.3, (double)quantized.Proto.CalculateSize() / model.Proto.CalculateSize());
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(model), DeployedOutputs.Of(quantized), 0.05);
        var float32 = quantized.Graph.Node.SelectMany(n => n.Output.Select(o => (o, n))).ToDictionary(p => p.o, p => p.n);
        Assert.DoesNotContain(
            n => n.OpType is "Softmax" or "LayerNormalization" or "Erf" && float32.GetValueOrDefault(n.Input[0])?.OpType == "DequantizeLinear", quantized.Graph.Node);
    }

    [TestMethod]
    public void Static_FollowsTheRules_OfIntegerKernels()
    {
        var g = new GraphBuilder("residual");
        var x = g.Input("x", DataType.Float, "batch", 3, 8, 8);
        FillParameter fill = (name, _, values) =>
        {
            var noise = TestModels.Noise(values.Length, (ulong)name.Length);
            noise.CopyTo(values);
        };
        var stem = g.MaxPool2d(g.Relu(g.Conv2d(x, g.Parameter("stem", [4, 3, 3, 3], fill), g.Parameter("stem_bias", [4], fill), 1, 1)), 2, 2, 0);
        var branch = g.Conv2d(stem, g.Parameter("branch.weight", [4, 4, 3, 3], fill), g.Parameter("branch.bias", [4], fill), 1, 1);
        var features = g.Node("Flatten", [g.Node("GlobalAveragePool", [g.Relu(g.Add(branch, stem))])], ("axis", 1));
        g.Output(g.Rename(g.Linear(features, g.Parameter("head.weight.matrix", [5, 4], fill), g.Parameter("head.bias", [5], fill)), "logits"));
        var model = DeploymentForm.Apply(g.Build());
        var activations = StaticQuantization.Activations(model);
        // The input, the stem (shared by max pooling), the branch, the sum and what the head reads.
        Assert.HasCount(5, activations);
        var quantized = StaticQuantization.Apply(model, Ranges(model));
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(model), DeployedOutputs.Of(quantized), 0.02);

        var graph = quantized.Graph;
        TensorProto Stored(string name) => quantized.FindInitializer(name)!;
        var reads = graph.Node.Where(n => n.OpType == "DequantizeLinear").ToDictionary(n => n.Output[0]);
        foreach (var node in graph.Node.Where(n => n.OpType is "Conv" or "Gemm"))
        {
            NodeProto weight = reads[node.Input[1]], bias = reads[node.Input[2]];
            Assert.AreEqual(DataType.Int8, Stored(weight.Input[0]).ElementType());
            Assert.IsTrue(Stored(weight.Input[2]).ToBytes().ToArray().All(b => b == 0), "Symmetric.");
            Assert.AreEqual(0, weight.GetInt("axis", 1), "Along the outputs.");
            Assert.AreEqual(DataType.Int32, Stored(bias.Input[0]).ElementType());
            var step = Stored(reads[node.Input[0]].Input[1]).ToFloats()[0];
            CollectionAssert.AreEqual(
                Stored(weight.Input[1]).ToFloats().Select(s => (float)((double)s * step)).ToArray(), Stored(bias.Input[1]).ToFloats(), "Bias scales are what integers add up in.");
        }

        var pool = graph.Node.Single(n => n.OpType == "MaxPool");
        var after = graph.Node.Single(n => n.OpType == "QuantizeLinear" && n.Input[0] == pool.Output[0]);
        CollectionAssert.AreEqual(reads[pool.Input[0]].Input.Skip(1).ToArray(), after.Input.Skip(1).ToArray(), "Max pooling keeps the scale.");
        Assert.IsTrue(graph.Node.Where(n => n.OpType == "QuantizeLinear").All(n => Stored(n.Input[2]).ElementType() == DataType.Uint8));
    }

    [TestMethod]
    public void Static_KeepsTheBiasOfAChannel_WhoseWeightsAreNearlyNothing()
    {
        var g = new GraphBuilder("dead");
        var x = g.Input("x", DataType.Float, "batch", 3, 8, 8);
        FillParameter weights = (_, _, values) =>
        {
            TestModels.Noise(values.Length).CopyTo(values);
            values[..27].Fill(1e-9f);
            values[27..54].Clear();
        };
        FillParameter bias = (_, _, values) => values.Fill(0.5f);
        var features = g.Node("Flatten", [g.Node("GlobalAveragePool", [g.Conv2d(x, g.Parameter("weight", [4, 3, 3, 3], weights), g.Parameter("bias", [4], bias), 1, 1)])], ("axis", 1));
        g.Output(g.Rename(features, "features"));
        var model = DeploymentForm.Apply(g.Build());
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(model), DeployedOutputs.Of(StaticQuantization.Apply(model, Ranges(model))), 0.02);
    }

    [TestMethod]
    public void ARange_HoldsZeroExactly()
    {
        Assert.AreEqual((3f / 255, (byte)0), new ActivationRange(1, 3).ToUint8());
        Assert.AreEqual((2f / 255, byte.MaxValue), new ActivationRange(-2, -1).ToUint8());
        Assert.AreEqual((2f / 255, (byte)127), new ActivationRange(-1, 1).ToUint8());
        Assert.AreEqual((1f, (byte)0), new ActivationRange(0, 0).ToUint8());
    }

    [TestMethod]
    public void WithoutWeights_ThereIsNothingToQuantise()
    {
        var g = new GraphBuilder("none");
        g.Output(g.Relu(g.Input("x", DataType.Float, 1, 1, 2, 2)));
        Assert.Contains("no products", Assert.ThrowsExactly<ModelException>(() => DynamicQuantization.Apply(g.Build())).Message);
        Assert.Contains("no products", Assert.ThrowsExactly<ModelException>(() => StaticQuantization.Activations(g.Build())).Message);
    }

    private static Dictionary<string, ActivationRange> Ranges(OnnxModel model)
    {
        var watched = model.Clone();
        var infos = ShapeInference.InferAll(watched);
        var input = watched.Graph.Input[0].Name;
        string[] names = [.. StaticQuantization.Activations(model).Where(n => n != input)];
        watched.Graph.Output.Clear();
        watched.Graph.Output.AddRange(names.Select(n => infos[n].ToProto(n)));
        var values = DeployedOutputs.Of(watched);
        var ranges = names.Zip(values).ToDictionary(p => p.First, p => new ActivationRange(p.Second.Min(), p.Second.Max()));
        ranges[input] = new ActivationRange(-1, 1);
        return ranges;
    }
}
