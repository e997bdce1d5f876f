using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>float16 and bfloat16 files: what is stored and computed how, and how near the outputs are.</summary>
[TestClass]
public sealed class ReducedPrecisionTests
{
    [TestMethod]
    // Half a unit in the last place of float16 is 5e-4 of a value; a few dozen layers add up.
    [DataRow("vit-nano", 5e-3)]
    [DataRow("resnet-micro", 5e-3)]
    public void Half_ComputesInFloat16_WhereItIsSafe(string name, double tolerance)
    {
        var model = DeploymentForm.Apply(TestModels.Classifier(name));
        var (half, notes) = HalfPrecision.Apply(model);
        Assert.IsEmpty(notes);
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(model), DeployedOutputs.Of(half), tolerance);
        Assert.IsLessThan(0.53, (double)half.Proto.CalculateSize() / model.Proto.CalculateSize());
        Assert.AreEqual(DataType.Float, TensorInfo.From(half.Graph.Input[0])!.Type);
        Assert.AreEqual("logits float[batch, 5]", $"{half.Graph.Output[0].Name} {TensorInfo.From(half.Graph.Output[0])}");

        var infos = ShapeInference.InferAll(half);
        foreach (var node in half.Graph.Node)
        {
            var expected = node.OpType switch
            {
                "MatMul" or "Conv" or "Gemm" or "Erf" or "Relu" => DataType.Float16,
                "Softmax" or "LayerNormalization" or "GlobalAveragePool" => DataType.Float,
                _ => (DataType?)null,
            };
            Assert.IsTrue(expected is null || infos[node.Output[0]].Type == expected, node.Name);
        }
    }

    [TestMethod]
    public void ValuesBeyondHalf_AreCutAndNamed()
    {
        var g = new GraphBuilder("big");
        var x = g.Input("x", DataType.Float, 1, 1, 1, 3);
        var mask = g.Initializer(TensorProtoExtensions.Float("mask", [3], [0f, -1e9f, float.NegativeInfinity]));
        g.Output(g.Rename(g.Softmax(g.Add(g.Mul(x, g.Float(2)), mask), -1), "y"));
        var (half, notes) = HalfPrecision.Apply(g.Build());
        Assert.Contains("1 of 3 values of 'mask'", notes.Single());
        DeployedOutputs.AssertEqual([[1f, 0f, 0f]], DeployedOutputs.Of(half, 1), 0);
    }

    [TestMethod]
    public void BFloat16_IsHalfTheFile_AndRunsOnTheCpu()
    {
        var model = DeploymentForm.Apply(TestModels.Classifier());
        var stored = BFloat16Weights.Apply(model);
        Assert.IsLessThan(0.53, (double)stored.Proto.CalculateSize() / model.Proto.CalculateSize());
        // 8 bits of mantissa: 2e-3 of a value at most, over six blocks.
        DeployedOutputs.AssertEqual(DeployedOutputs.Of(model), DeployedOutputs.Of(stored), 2e-2);

        // Rounded to the nearest, ties to even, in every value.
        foreach (var tensor in stored.Graph.Initializer.Where(t => t.ElementType() == DataType.Bfloat16))
        {
            var full = model.FindInitializer(tensor.Name[..^".bfloat16".Length])!.ToFloats();
            var bytes = tensor.ToBytes().ToArray();
            for (var i = 0; i < full.Length; i++)
            {
                var value = BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, 2 * i) << 16);
                Assert.IsLessThanOrEqualTo(Math.Abs(full[i]) / 256, Math.Abs(value - full[i]));
            }
        }
    }
}
