using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Tests.Training.Operators;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Export;

/// <summary>A graph brought to opset 17 gives ONNX Runtime's outputs of the graph as it was (1e-6 relative; the bits, where nothing is a sum).</summary>
[TestClass]
public sealed class OpsetUpgradeTests
{
    private static readonly SessionOptions Options = new()
    {
        IntraOpNumThreads = 1,
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    [TestMethod]
    public void OfficialCases_ComputeTheSame()
    {
        var cases = OnnxTestCase.All();
        Assert.IsNotEmpty(cases, $"{OnnxTestCase.Root} is missing: apt-get install libonnx-testdata");
        var (same, failures, refused) = (0, new List<string>(), new SortedSet<string>(StringComparer.Ordinal));
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
            Compare(test.Name, proto, given, ref same, failures, refused);
        }

        Assert.IsEmpty(failures, string.Join("\n", failures));
        // Graphs in graphs, sequences and text; of Resize, the coordinates that exist in opset 11 alone.
        string[] expected =
        [
            "Resize", "If", "Loop", "Scan", "ConcatFromSequence", "Gradient", "OptionalGetElement", "OptionalHasElement", "SequenceConstruct", "SequenceEmpty", "SequenceInsert",
            "SplitToSequence", "StringNormalizer", "TfIdfVectorizer",
        ];
        Assert.IsEmpty(refused.Except(expected), string.Join(", ", refused.Except(expected)));
        Assert.IsGreaterThan(700, same);
    }

    /// <summary>What the official files, most of them of opset 13, do not have: each operator in the forms that changed.</summary>
    [TestMethod]
    public void OlderForms_ComputeTheSame()
    {
        using var scope = NewDisposeScope();
        var (same, failures, refused) = (0, new List<string>(), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var test in OperatorCases.All().Where(c => c.Opset < OnnxModel.WrittenOpset && c.InOnnxRuntime))
        {
            Compare(test.ToString(), test.Model(ScalarType.Float32, _ => true).Proto, [], ref same, failures, refused);
        }

        Assert.IsEmpty(failures, string.Join("\n", failures));
        Assert.IsEmpty(refused, string.Join(", ", refused));
        Assert.IsGreaterThan(200, same);
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

    private static void Compare(
        string name, ModelProto proto, (string Name, TensorProto Value)[] inputs, ref int same, List<string> failures, SortedSet<string> refused)
    {
        Dictionary<string, float[]> expected;
        try
        {
            expected = Run(proto, inputs);
        }
        catch (OnnxRuntimeException)
        {
            // Not every operator has a kernel.
            return;
        }

        OnnxModel upgraded;
        try
        {
            upgraded = OpsetUpgrade.Apply(new OnnxModel(proto, name));
        }
        catch (ModelException e)
        {
            refused.Add(e.Message.Split("': ")[1].Split(' ')[0]);
            return;
        }

        try
        {
            Assert.AreEqual(OnnxModel.WrittenOpset, upgraded.Opset);
            foreach (var (output, actual) in Run(upgraded.Proto, inputs))
            {
                Assert.HasCount(expected[output].Length, actual);
                var scale = expected[output].Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
                Assert.IsTrue(expected[output].Zip(actual).All(p => p.First.Equals(p.Second) || Math.Abs(p.First - p.Second) <= 1e-6 * scale), output);
            }

            same++;
        }
        catch (Exception e)
        {
            failures.Add($"{name}: {e.Message}");
        }
    }

    /// <summary>Every output that is a tensor of numbers, as float32.</summary>
    private static Dictionary<string, float[]> Run(ModelProto proto, (string Name, TensorProto Value)[] inputs)
    {
        using var session = new InferenceSession(proto.ToByteArray(), Options);
        using var run = new RunOptions();
        var fed = inputs.Select(i => ToOrt(i.Value)).ToArray();
        using var results = session.Run(run, [.. inputs.Select(i => i.Name)], fed, session.OutputNames);
        Array.ForEach(fed, v => v.Dispose());
        return session.OutputNames.Zip(results).ToDictionary(p => p.First, p => ToFloats(p.Second));
    }

    private static OrtValue ToOrt(TensorProto tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (Microsoft.ML.OnnxRuntime.Tensors.TensorElementType)tensor.DataType, [.. tensor.Dims]);
        tensor.ToBytes().Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static float[] ToFloats(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        var proto = new TensorProto { DataType = (int)info.ElementDataType, RawData = ByteString.CopyFrom(value.GetTensorMutableRawData()) };
        proto.Dims.AddRange(info.Shape);
        return TensorConversion.TypeOf(proto.ElementType()) is null
            ? [.. proto.RawData.Select(b => (float)b)]
            : TensorConversion.ToTorch(proto).to(ScalarType.Float32).reshape(-1).data<float>().ToArray();
    }
}
