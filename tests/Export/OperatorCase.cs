using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Export;

/// <summary>One node with concrete operands, for comparing what is inferred with what ONNX Runtime does.</summary>
/// <param name="OpType">The operator.</param>
/// <param name="Opset">Its version.</param>
/// <param name="Shapes">Shapes of the float inputs.</param>
/// <param name="Constants">Initializers that follow them; null for one that is left out.</param>
/// <param name="Attributes">Attributes.</param>
/// <param name="Outputs">How many outputs.</param>
internal sealed record OperatorCase(
    string OpType, int Opset, long[][] Shapes, TensorProto?[] Constants, (string Name, object Value)[] Attributes, int Outputs = 1)
{
    private static readonly SessionOptions Options = new()
    {
        IntraOpNumThreads = 1,
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    static OperatorCase()
    {
        OrtEnv.Instance().EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
    }

    public static TensorProto Ints(params long[] values) => TensorProtoExtensions.Int64("", [values.Length], values);

    /// <summary>
    /// Inference must give the runtime's shapes when all shapes are known, nothing that contradicts them when the inputs' lengths are not,
    /// and must refuse exactly what the runtime refuses.
    /// </summary>
    public void Check()
    {
        var actual = RunOnnxRuntime();
        var inferred = TryInfer([.. Shapes.Select(s => new TensorInfo(DataType.Float, [.. s.Select(d => new Dim(d))]))], out var refusal);
        if (actual is null || inferred is null)
        {
            Assert.IsTrue(actual is null && inferred is null, $"{this}: ONNX Runtime {(actual is null ? "refuses" : "accepts")}, inference says {refusal ?? "nothing"}");
            return;
        }

        for (var i = 0; i < Outputs; i++)
        {
            Assert.AreEqual(string.Join(",", actual[i]), string.Join(",", inferred[i].StaticShape ?? [-1]), $"{this}");
        }

        var unknown = TryInfer(
            [.. Shapes.Select((s, input) => new TensorInfo(DataType.Float, [.. s.Select((_, axis) => new Dim(null, $"d{input}_{axis}"))]))], out refusal);
        Assert.IsNotNull(unknown, $"{this} with unknown lengths: {refusal}");
        for (var i = 0; i < Outputs; i++)
        {
            if (unknown[i].Shape is { } shape)
            {
                Assert.HasCount(actual[i].Length, shape, $"{this} with unknown lengths");
                Assert.IsFalse(shape.Zip(actual[i]).Any(p => p.First.Contradicts(p.Second)), $"{this} with unknown lengths: {unknown[i]}");
            }
        }
    }

    public override string ToString()
    {
        var constants = Constants.Select(c => c is null ? "–" : $"{{{(c.ElementType() == DataType.Int64 ? string.Join(",", c.ToInt64s()) : string.Join(",", c.ToFloats()))}}}");
        var attributes = Attributes.Select(a => $"{a.Name}={(a.Value is long[] list ? string.Join(",", list) : a.Value)}");
        return $"{OpType}-{Opset} {string.Join(" ", Shapes.Select(s => $"[{string.Join(",", s)}]").Concat(constants).Concat(attributes))}";
    }

    private NodeProto MakeNode()
    {
        var node = new NodeProto { OpType = OpType, Name = OpType };
        node.Input.AddRange(Shapes.Select((_, i) => $"x{i}"));
        node.Input.AddRange(Constants.Select((c, i) => c is null ? "" : $"c{i}"));
        node.Output.AddRange(Enumerable.Range(0, Outputs).Select(i => $"y{i}"));
        foreach (var (name, value) in Attributes)
        {
            node.Set(name, value);
        }

        return node;
    }

    private TensorInfo[]? TryInfer(TensorInfo[] inputs, out string? refusal)
    {
        try
        {
            refusal = null;
            return ShapeInference.Infer(MakeNode(), Opset, [.. inputs, .. Constants.Select(c => c is null ? null : TensorInfo.From(c))]);
        }
        catch (ModelException e)
        {
            refusal = e.Message;
            return null;
        }
    }

    private long[][]? RunOnnxRuntime()
    {
        var graph = new GraphProto { Name = "case" };
        graph.Node.Add(MakeNode());
        // No shapes are declared, so that nothing but the runtime itself decides.
        graph.Input.AddRange(Shapes.Select((_, i) => new TensorInfo(DataType.Float, null).ToProto($"x{i}")));
        graph.Output.AddRange(Enumerable.Range(0, Outputs).Select(i => new ValueInfoProto { Name = $"y{i}", Type = new TypeProto() }));
        foreach (var (constant, i) in Constants.Select((c, i) => (c, i)).Where(c => c.c is not null))
        {
            var named = constant!.Clone();
            named.Name = $"c{i}";
            graph.Initializer.Add(named);
        }

        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        var inputs = Shapes.Select(s => OrtValue.CreateTensorValueFromMemory(new float[s.Aggregate(1L, (p, d) => p * d)], s)).ToArray();
        try
        {
            using var session = new InferenceSession(model.ToByteArray(), Options);
            using var run = new RunOptions();
            using var results = session.Run(run, [.. inputs.Select((_, i) => $"x{i}")], inputs, session.OutputNames);
            return [.. results.Select(r => r.GetTensorTypeAndShape().Shape)];
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
        finally
        {
            Array.ForEach(inputs, i => i.Dispose());
        }
    }
}
