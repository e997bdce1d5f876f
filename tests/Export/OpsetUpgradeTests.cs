using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Tests.Training.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Export;

/// <summary>A graph brought to opset 17 gives ONNX Runtime's outputs of the graph as it was (1e-6 relative; the bits, where nothing is a sum).</summary>
[TestClass]
public sealed class OpsetUpgradeTests
{
    [TestMethod]
    public void OfficialCases_ComputeTheSame()
    {
        var cases = OnnxTestCase.All();
        Assert.IsNotEmpty(cases, $"{OnnxTestCase.Root} is missing: apt-get install libonnx-testdata");
        var comparison = new OpsetComparison(OpsetUpgrade.Apply);
        foreach (var test in cases)
        {
            var proto = test.ReadModel();
            var inputs = test.ReadTensors("input", proto.Graph.Input);
            if (new OnnxModel(proto).Opset is < OnnxModel.OldestOpset or >= OnnxModel.WrittenOpset || inputs.Any(i => i is null || i.ElementType().ElementSize() == 0))
            {
                continue;
            }

            var names = proto.Graph.Input.Select(i => i.Name);
            var given = names.Zip(inputs, (name, tensor) => (name, tensor!)).ToArray();
            comparison.Add(test.Name, proto, given);
        }

        Assert.IsEmpty(comparison.Failures, string.Join("\n", comparison.Failures));
        // Graphs in graphs, sequences and text; of Resize, the coordinates that exist in opset 11 alone.
        string[] expected =
        [
            "Resize", "If", "Loop", "Scan", "ConcatFromSequence", "Gradient", "OptionalGetElement", "OptionalHasElement", "SequenceConstruct", "SequenceEmpty", "SequenceInsert",
            "SplitToSequence", "StringNormalizer", "TfIdfVectorizer",
        ];
        Assert.IsEmpty(comparison.Refused.Except(expected), string.Join(", ", comparison.Refused.Except(expected)));
        Assert.IsGreaterThan(700, comparison.Same);
    }

    /// <summary>What the official files, most of them of opset 13, do not have: each operator in the forms that changed.</summary>
    [TestMethod]
    public void OlderForms_ComputeTheSame()
    {
        using var scope = NewDisposeScope();
        var comparison = new OpsetComparison(OpsetUpgrade.Apply);
        foreach (var test in OperatorCases.All().Where(c => c.Opset < OnnxModel.WrittenOpset && c.InOnnxRuntime))
        {
            comparison.Add(test.ToString(), test.Model(ScalarType.Float32, _ => true).Proto, []);
        }

        Assert.IsEmpty(comparison.Failures, string.Join("\n", comparison.Failures));
        Assert.IsEmpty(comparison.Refused, string.Join(", ", comparison.Refused));
        Assert.IsGreaterThan(200, comparison.Same);
    }

    [TestMethod]
    public void WhatCannotBeBrought_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        void Refused(NodeCase test, string why)
        {
            var e = Assert.ThrowsExactly<ModelException>(() => OpsetUpgrade.Apply(test.Model(ScalarType.Float32, _ => true)));
            StringAssert.Contains(e.Message, $"{test.OpType} '{test.OpType}' cannot be brought from opset {test.Opset} to 17: {why}");
        }

        var (x, c) = (ones(1, 1, 4, 4, dtype: ScalarType.Float64), ones(4, dtype: ScalarType.Float64));
        Refused(new NodeCase("Resize", 10, [x, tensor(new[] { 1.0, 1, 0.5, 0.5 })]), "which elements are left when it shrinks");
        Refused(new NodeCase("Resize", 11, [x, null, tensor(new[] { 1.0, 1, 2, 2 })], ("coordinate_transformation_mode", "tf_half_pixel_for_nn")), "the coordinates");
        Refused(new NodeCase("Dropout", 7, [x]) { Outputs = 2 }, "its mask");
        Refused(new NodeCase("BatchNormalization", 7, [x.reshape(4, 4), c, c, c, c], ("spatial", 0)), "it normalises each place by itself");
        Refused(new NodeCase("SequenceConstruct", 11, [x]), "what changed in it is not known");
    }

    [TestMethod]
    public void ANewerModel_StaysAsItIs()
    {
        var model = TestModels.Small();
        Assert.AreSame(model, OpsetUpgrade.Apply(model));
    }
}
