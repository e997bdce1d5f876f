using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using static TorchSharp.torch;

namespace OneFractal.Tests.Export;

/// <summary>Models before and after they were brought to another opset, on ONNX Runtime: 1e-6 of the largest value; the bits, where nothing is a sum.</summary>
internal sealed class OpsetComparison(Func<OnnxModel, OnnxModel> convert)
{
    private static readonly SessionOptions Options = new()
    {
        IntraOpNumThreads = 1,
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    private readonly List<string> _failures = [];
    private readonly SortedSet<string> _refused = new(StringComparer.Ordinal);

    /// <summary>How many gave the same.</summary>
    public int Same { get; private set; }

    /// <summary>Those that did not.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Operators that were refused.</summary>
    public IReadOnlyCollection<string> Refused => _refused;

    /// <summary>Compares a model on its own inputs; one that ONNX Runtime cannot run is left out.</summary>
    public void Add(string name, ModelProto proto, (string Name, TensorProto Value)[] inputs)
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

        OnnxModel converted;
        try
        {
            converted = convert(new OnnxModel(proto, name));
        }
        catch (ModelException e)
        {
            _refused.Add(e.Message.Split("': ")[1].Split(' ')[0]);
            return;
        }

        try
        {
            foreach (var (output, actual) in Run(converted.Proto, inputs))
            {
                Assert.HasCount(expected[output].Length, actual);
                var scale = expected[output].Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
                Assert.IsTrue(expected[output].Zip(actual).All(p => p.First.Equals(p.Second) || Math.Abs(p.First - p.Second) <= 1e-6 * scale), output);
            }

            Same++;
        }
        catch (Exception e)
        {
            _failures.Add($"{name}: {e.Message}");
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
