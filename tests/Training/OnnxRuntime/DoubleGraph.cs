using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training.OnnxRuntime;

/// <summary>
/// A graph of float32 computed in float64: by ONNX Runtime where it has such kernels, else (convolutions, pooling, most activations) by TorchSharp's operators,
/// each of which <see cref="Operators.OperatorTests"/> compares with ONNX Runtime.
/// </summary>
internal sealed class DoubleGraph : IDisposable
{
    private static readonly SessionOptions Options = new()
    {
        IntraOpNumThreads = 1,
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    private readonly string[] _inputs, _outputs;
    private readonly InferenceSession? _session;
    private readonly GraphModule? _module;

    public DoubleGraph(OnnxModel model)
    {
        var wide = Widen(model);
        _inputs = [.. wide.Graph.Input.Select(i => i.Name)];
        _outputs = [.. wide.Graph.Output.Select(o => o.Name)];
        try
        {
            _session = new InferenceSession(wide.Proto.ToByteArray(), Options);
        }
        catch (OnnxRuntimeException)
        {
            _module = new GraphModule(wide);
            _module.eval();
        }
    }

    public Tensor[] Run(Tensor[] inputs)
    {
        if (_module is not null)
        {
            return _module.Run(inputs);
        }

        using var run = new RunOptions();
        OrtValue[] fed = [.. inputs.Select(v => OrtValue.CreateTensorValueFromMemory(v.data<double>().ToArray(), v.shape))];
        using var results = _session!.Run(run, _inputs, fed, _outputs);
        Array.ForEach(fed, v => v.Dispose());
        return [.. results.Select(r => tensor(r.GetTensorDataAsSpan<double>().ToArray(), r.GetTensorTypeAndShape().Shape))];
    }

    public void Dispose()
    {
        _session?.Dispose();
        _module?.Dispose();
    }

    private static OnnxModel Widen(OnnxModel model)
    {
        var result = model.Clone();
        var graph = result.Graph;
        foreach (var type in graph.Input.Concat(graph.Output).Select(v => v.Type.TensorType).Where(t => t.ElemType == (int)DataType.Float))
        {
            type.ElemType = (int)DataType.Double;
        }

        foreach (var attribute in graph.Node.SelectMany(n => n.Attribute).Where(a => a.Name == "to" && a.I == (int)DataType.Float))
        {
            attribute.I = (int)DataType.Double;
        }

        // Norms compute their statistics in float32 unless they are told otherwise.
        foreach (var node in graph.Node.Where(n => n.OpType is "LayerNormalization" or "RMSNormalization" || (n.OpType == "GroupNormalization" && model.Opset >= 21)))
        {
            node.Set("stash_type", (int)DataType.Double);
        }

        // Scales are float32 whatever is resized.
        var scales = graph.Node.Where(n => n.OpType == "Resize").Select(n => n.InputOrNull(2)).ToHashSet();
        foreach (var tensor in graph.Tensors().Where(t => t.ElementType() == DataType.Float && !scales.Contains(t.Name)))
        {
            double[] values = [.. tensor.ToFloats().Select(v => (double)v)];
            tensor.FloatData.Clear();
            tensor.DataType = (int)DataType.Double;
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
        }

        return result;
    }
}
