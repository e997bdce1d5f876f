using OneFractal.Export;
using OneFractal.Tests.Training.Operators;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>That a graph in the words of another opset runs and gives what it gave.</summary>
[TestClass]
public sealed class OpsetConversionTests
{
    private const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("vit-nano")]
    [DataRow("resnet-micro")]
    public void EveryOpset_GivesTheSame(string name)
    {
        var trained = TestModels.Classifier(name);
        var expected = DeployedOutputs.Of(trained);
        foreach (var model in new[] { trained, DeploymentForm.Apply(trained) })
        {
            for (var opset = OpsetConversion.Oldest; opset <= OpsetConversion.Newest; opset++)
            {
                var converted = OpsetConversion.Apply(model, opset);
                Assert.AreEqual(opset, converted.Opset);
                Assert.AreEqual(name == "vit-nano" && opset >= 17, converted.Graph.Node.Any(n => n.OpType == "LayerNormalization"));
                DeployedOutputs.AssertEqual(expected, DeployedOutputs.Of(converted), Tolerance);
            }
        }
    }

    [TestMethod]
    public void EveryOperatorThatChanged_IsRewritten()
    {
        var g = new GraphBuilder("changes");
        var x = g.Input("x", DataType.Float, "batch", 3, 4, 6);
        // Shape from an axis on, a hard swish, equal parts, a mean over some axes, a norm of two dimensions without bias.
        var swish = g.Node("HardSwish", [x]);
        var parts = g.Nodes("Split", 2, [swish], ("axis", 3));
        var mean = g.Mean(g.Add(parts[0], parts[1]), true, 2);
        var scale = g.Initializer(TensorProtoExtensions.Float("scale", [1, 3], [1f, 2f, 3f]));
        var norm = g.Node("LayerNormalization", [mean, scale], ("axis", -2));
        var tail = g.Node("Shape", [norm], ("start", -2));
        g.Output(g.Rename(g.Reshape(g.Add(norm, g.Node("Cast", [g.Node("ReduceMax", [tail], ("keepdims", 0))], ("to", (int)DataType.Float))), 0, 9), "y"));
        var model = g.Build();
        var expected = DeployedOutputs.Of(model);
        foreach (var opset in new[] { 13, 14, 15, 18, 20, 21 })
        {
            DeployedOutputs.AssertEqual(expected, DeployedOutputs.Of(OpsetConversion.Apply(model, opset)), Tolerance);
        }
    }

    /// <summary>
    /// Each operator in the forms of opset 18 to 26, brought down, and in its oldest ones, brought up. Of the operators that are refused some form is none of the
    /// opset: dilations, antialias, blocks, maxima that are scattered ...
    /// </summary>
    [TestMethod]
    [DataRow(13, "AffineGrid Attention AveragePool BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CastLike GridSample LpPool Pad QuantizeLinear Resize RotaryEmbedding ScatterElements ScatterND")]
    [DataRow(17, "AffineGrid Attention AveragePool BitwiseAnd BitwiseNot BitwiseOr BitwiseXor LpPool Pad QuantizeLinear Resize RotaryEmbedding ScatterElements ScatterND")]
    [DataRow(20, "Attention QuantizeLinear RotaryEmbedding")]
    [DataRow(21, "Attention RotaryEmbedding")]
    public void EveryOperator_ComputesTheSame(int opset, string refused)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var comparison = new OpsetComparison(m => OpsetConversion.Apply(m, opset));
        foreach (var test in OperatorCases.All().Where(c => c.InOnnxRuntime && c.Opset != opset && (c.Opset > OnnxModel.WrittenOpset || opset == OpsetConversion.Newest)))
        {
            comparison.Add(test.ToString(), test.Model(TorchSharp.torch.ScalarType.Float32, _ => true).Proto, []);
        }

        Assert.IsEmpty(comparison.Failures, string.Join("\n", comparison.Failures));
        Assert.AreEqual(refused, string.Join(" ", comparison.Refused));
        Assert.IsGreaterThan(90, comparison.Same);
    }

    [TestMethod]
    public void NewerForms_AreWrittenInTheOlderWords()
    {
        var model = NewerForms.Build();
        var expected = DeployedOutputs.Of(model);
        foreach (var opset in new[] { 20, 18, 17, 13 })
        {
            var converted = OpsetConversion.Apply(model, opset);
            Assert.AreEqual(opset, converted.Opset);
            // To the bit but for Gelu and GroupNormalization, which are other sums.
            DeployedOutputs.AssertEqual(expected, DeployedOutputs.Of(converted), 1e-6);
        }
    }

    [TestMethod]
    public void WhatAnOpsetDoesNotHave_IsRefusedByName()
    {
        var model = TestModels.Small();
        Assert.AreSame(model, OpsetConversion.Apply(model, 17));
        foreach (var opset in new[] { 12, 22 })
        {
            StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => OpsetConversion.Apply(model, opset)).Message, "13 to 21");
        }

        string Refusal(int opset, Action<GraphBuilder, Value> build)
        {
            var g = new GraphBuilder("old");
            build(g, g.Input("x", DataType.Float, 1, 1, 4, 4));
            return Assert.ThrowsExactly<ModelException>(() => OpsetConversion.Apply(g.Build(), opset)).Message;
        }

        StringAssert.Contains(Refusal(13, (g, x) => g.Output(g.Node("Trilu", [x]))), "Trilu 'Trilu' cannot be brought from opset 17 to 13");
        StringAssert.Contains(Refusal(13, (g, x) => g.Output(g.Node("Reshape", [x, g.Int64s(16)], ("allowzero", 1)))), "stands for no elements");
        StringAssert.Contains(Refusal(16, (g, x) =>
        {
            var norm = g.Nodes("LayerNormalization", 2, [x, g.Initializer(TensorProtoExtensions.Float("s", [4], [1, 1, 1, 1]))]);
            g.Output(norm[0]);
            g.Output(norm[1]);
        }), "its mean or deviation is read");

        using var scope = TorchSharp.torch.NewDisposeScope();
        var x = TorchSharp.torch.ones(1, 1, 4, 4);
        void Refused(NodeCase test, string why)
        {
            var e = Assert.ThrowsExactly<ModelException>(() => OpsetConversion.Apply(test.Model(TorchSharp.torch.ScalarType.Float32, _ => true), 13));
            StringAssert.Contains(e.Message, $"{test.OpType} '{test.OpType}' cannot be brought from opset {test.Opset} to 17: {why}");
        }

        var sizes = TorchSharp.torch.tensor(new[] { 1L, 1, 2, 2 });
        Refused(new NodeCase("Resize", 18, [x, null, null, sizes], ("mode", "linear"), ("antialias", 1)), "it resizes with antialias");
        Refused(new NodeCase("Resize", 19, [x, null, null, sizes], ("coordinate_transformation_mode", "half_pixel_symmetric")), "its coordinates are");
        Refused(new NodeCase("Pad", 19, [x, TorchSharp.torch.ones(8, dtype: TorchSharp.torch.ScalarType.Int64)], ("mode", "wrap")), "older opsets do not know mode 'wrap'");
        Refused(new NodeCase("AveragePool", 19, [x], ("kernel_shape", (long[])[2, 2]), ("dilations", (long[])[2, 2])), "it has dilations");
        Refused(new NodeCase("Attention", 23, [x, x, x]), "that opset does not have it");
        Refused(new NodeCase("SequenceConstruct", 18, [x]), "what changed in it is not known");
    }
}
