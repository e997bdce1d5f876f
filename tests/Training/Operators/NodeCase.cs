using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training.Operators;

/// <summary>One node with concrete operands, to be run by several runtimes.</summary>
/// <param name="OpType">The operator.</param>
/// <param name="Opset">Its version.</param>
/// <param name="Inputs">Operands; null for one that is left out. Floating-point ones are given the type that is asked for.</param>
/// <param name="Attributes">Attributes.</param>
internal sealed record NodeCase(string OpType, int Opset, Tensor?[] Inputs, params (string Name, object Value)[] Attributes)
{
    private static readonly SessionOptions Options = new()
    {
        IntraOpNumThreads = 1,
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    private static readonly (ScalarType Torch, DataType Onnx)[] Types =
    [
        (ScalarType.Float32, DataType.Float), (ScalarType.Float64, DataType.Double), (ScalarType.Float16, DataType.Float16), (ScalarType.Int64, DataType.Int64),
        (ScalarType.Int32, DataType.Int32), (ScalarType.Int8, DataType.Int8), (ScalarType.Byte, DataType.Uint8), (ScalarType.Bool, DataType.Bool),
    ];

    /// <summary>How many outputs.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>Whether ONNX Runtime has the operator in this form.</summary>
    public bool InOnnxRuntime { get; init; } = true;

    /// <summary>Inputs of floating-point numbers that no gradient is asked of.</summary>
    public int[] Fixed { get; init; } = [];

    /// <summary>Inputs that a gradient can be asked of.</summary>
    public IEnumerable<int> Differentiable => Enumerable.Range(0, Inputs.Length).Where(i => Inputs[i] is { } x && x.is_floating_point() && !Fixed.Contains(i));

    public override string ToString()
    {
        var attributes = Attributes.Select(a => $"{a.Name}={(a.Value is long[] list ? string.Join(",", list) : a.Value)}");
        return $"{OpType}-{Opset} {string.Join(" ", Inputs.Select(i => i is null ? "–" : $"[{string.Join(",", i.shape)}]").Concat(attributes))}";
    }

    /// <summary>The inputs with floating-point numbers of that type.</summary>
    public Tensor?[] InputsAs(ScalarType type)
    {
        return [.. Inputs.Select(i => i is not null && i.dtype == ScalarType.Float64 ? i.to(type) : i)];
    }

    /// <summary>A model of this node. Inputs in <paramref name="constant"/> are initializers.</summary>
    public OnnxModel Model(ScalarType type, Func<int, bool> constant)
    {
        var node = new NodeProto { OpType = OpType, Name = OpType };
        node.Output.AddRange(Enumerable.Range(0, Outputs).Select(i => $"y{i}"));
        foreach (var (name, value) in Attributes)
        {
            if (value is float[] floats)
            {
                var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Floats };
                attribute.Floats.AddRange(floats);
                node.Attribute.Add(attribute);
                continue;
            }

            node.Set(name, value);
        }

        var graph = new GraphProto { Name = "case", Node = { node } };
        var operands = InputsAs(type);
        for (var i = 0; i < operands.Length; i++)
        {
            node.Input.Add(operands[i] is null ? "" : $"x{i}");
            if (operands[i] is not { } x)
            {
                continue;
            }

            if (constant(i))
            {
                graph.Initializer.Add(ToProto($"x{i}", x));
            }
            else
            {
                graph.Input.Add(new TensorInfo(TypeOf(x.dtype), [.. x.shape.Select(d => new Dim(d))]).ToProto($"x{i}"));
            }
        }

        graph.Output.AddRange(Enumerable.Range(0, Outputs).Select(i => new ValueInfoProto { Name = $"y{i}", Type = new TypeProto() }));
        var model = new ModelProto { IrVersion = 10, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        return new OnnxModel(model, ToString());
    }

    /// <summary>What TorchSharp computes.</summary>
    public Tensor[] Run(ScalarType type, bool integersAreConstant)
    {
        bool Constant(int i) => integersAreConstant && (!Inputs[i]!.is_floating_point() || Fixed.Contains(i));
        using var module = new GraphModule(Model(type, Constant));
        module.eval();
        return module.Run([.. InputsAs(type).Where((x, i) => x is not null && !Constant(i)).Select(x => x!)]);
    }

    /// <summary>What ONNX Runtime computes with float32.</summary>
    public Tensor[] RunOnnxRuntime()
    {
        using var session = new InferenceSession(Model(ScalarType.Float32, _ => true).Proto.ToByteArray(), Options);
        using var run = new RunOptions();
        using var results = session.Run(run, Array.Empty<string>(), Array.Empty<OrtValue>(), session.OutputNames);
        return [.. results.Select(r =>
        {
            var info = r.GetTensorTypeAndShape();
            var result = empty(info.Shape, dtype: Types.Single(t => (int)t.Onnx == (int)info.ElementDataType).Torch);
            r.GetTensorMutableRawData().CopyTo(result.bytes);
            return result;
        })];
    }

    private static DataType TypeOf(ScalarType type) => Types.Single(t => t.Torch == type).Onnx;

    private static TensorProto ToProto(string name, Tensor tensor)
    {
        var proto = new TensorProto { Name = name, DataType = (int)TypeOf(tensor.dtype), RawData = ByteString.CopyFrom(tensor.contiguous().bytes) };
        proto.Dims.AddRange(tensor.shape);
        return proto;
    }
}
