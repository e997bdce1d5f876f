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
/// Every gradient rule, run by ONNX Runtime, against TorchSharp's autograd of the same graph (relative error 1e-5 of each gradient's norm).
/// </summary>
[TestClass]
public sealed class GradientRulesTests
{
    private const double Tolerance = 1e-5;

    private static readonly Dictionary<string, (long[][] Shapes, Func<GraphBuilder, Value[], Value> Build)> Cases = new()
    {
        ["Add, broadcast both ways"] = ([[2, 1, 4], [3, 1]], (g, x) => g.Add(x[0], x[1])),
        ["Add, scalar"] = ([[2, 3], []], (g, x) => g.Add(x[0], x[1])),
        ["Sub"] = ([[2, 3, 4], [4]], (g, x) => g.Sub(x[0], x[1])),
        ["Mul"] = ([[2, 3, 4], [3, 1]], (g, x) => g.Mul(x[0], x[1])),
        ["Mul, one value twice"] = ([[2, 3]], (g, x) => g.Mul(x[0], x[0])),
        ["Div"] = ([[2, 3], [2, 1]], (g, x) => g.Div(x[0], Positive(g, x[1]))),
        ["Pow"] = ([[2, 3], [3]], (g, x) => g.Node("Pow", [Positive(g, x[0]), x[1]])),
        ["Sum of three"] = ([[2, 3], [3], [2, 1]], (g, x) => g.Node("Sum", [.. x])),
        ["Max"] = ([[2, 3], [3]], (g, x) => g.Node("Max", [x[0], x[1]])),
        ["Min"] = ([[2, 3], [3]], (g, x) => g.Node("Min", [x[0], x[1]])),
        ["Identity"] = ([[3]], (g, x) => g.Node("Identity", [x[0]])),
        ["Neg"] = ([[3]], (g, x) => g.Neg(x[0])),
        ["Abs"] = ([[5]], (g, x) => g.Node("Abs", [x[0]])),
        ["Exp"] = ([[5]], (g, x) => g.Exp(x[0])),
        ["Log"] = ([[5]], (g, x) => g.Node("Log", [Positive(g, x[0])])),
        ["Sqrt"] = ([[5]], (g, x) => g.Sqrt(Positive(g, x[0]))),
        ["Reciprocal"] = ([[5]], (g, x) => g.Node("Reciprocal", [Positive(g, x[0])])),
        ["Sin"] = ([[5]], (g, x) => g.Node("Sin", [x[0]])),
        ["Cos"] = ([[5]], (g, x) => g.Node("Cos", [x[0]])),
        ["Erf"] = ([[5]], (g, x) => g.Node("Erf", [x[0]])),
        ["Gelu chain"] = ([[3, 5]], (g, x) => g.Gelu(x[0])),
        ["Tanh"] = ([[5]], (g, x) => g.Node("Tanh", [x[0]])),
        ["Sigmoid"] = ([[5]], (g, x) => g.Node("Sigmoid", [x[0]])),
        ["Relu"] = ([[9]], (g, x) => g.Relu(x[0])),
        ["LeakyRelu"] = ([[9]], (g, x) => g.Node("LeakyRelu", [x[0]], ("alpha", 0.3f))),
        ["Elu"] = ([[9]], (g, x) => g.Node("Elu", [x[0]], ("alpha", 1.5f))),
        ["Softplus"] = ([[9]], (g, x) => g.Node("Softplus", [x[0]])),
        ["HardSigmoid"] = ([[20]], (g, x) => g.Node("HardSigmoid", [g.Scale(x[0], 3)])),
        ["HardSwish"] = ([[20]], (g, x) => g.Node("HardSwish", [g.Scale(x[0], 3)])),
        ["Clip"] = ([[20]], (g, x) => g.Node("Clip", [x[0], g.Float(-0.5f), g.Float(1f)])),
        ["Where"] = ([[2, 3], [3]], (g, x) => g.Node("Where", [g.Node("Greater", [x[0], g.Float(0)]), x[0], x[1]])),
        ["Softmax"] = ([[2, 3, 4]], (g, x) => g.Softmax(x[0], 1)),
        ["LogSoftmax"] = ([[2, 3, 4]], (g, x) => g.Node("LogSoftmax", [x[0]], ("axis", -1))),
        ["MatMul"] = ([[4, 3], [3, 5]], (g, x) => g.MatMul(x[0], x[1])),
        ["MatMul, batches against one matrix"] = ([[2, 6, 4, 3], [3, 5]], (g, x) => g.MatMul(x[0], x[1])),
        ["MatMul, one matrix against batches"] = ([[4, 3], [2, 3, 5]], (g, x) => g.MatMul(x[0], x[1])),
        ["MatMul, broadcast batches"] = ([[2, 1, 4, 3], [5, 3, 2]], (g, x) => g.MatMul(x[0], x[1])),
        ["Gemm"] = ([[4, 3], [3, 5], [5]], (g, x) => g.Node("Gemm", [.. x])),
        ["Gemm, transposed and scaled"] = ([[3, 4], [5, 3], [4, 1]], (g, x) => g.Node("Gemm", [.. x], ("transA", 1), ("transB", 1), ("alpha", 0.5f), ("beta", 2f))),
        ["Gemm, transposed left"] = ([[3, 4], [3, 5]], (g, x) => g.Node("Gemm", [.. x], ("transA", 1))),
        ["Gemm, transposed right"] = ([[4, 3], [5, 3], []], (g, x) => g.Node("Gemm", [.. x], ("transB", 1))),
        ["LayerNormalization"] = ([[2, 3, 4], [4], [4]], (g, x) => g.LayerNormalization(x[0], x[1], x[2], 1e-5f)),
        ["LayerNormalization, two axes, no bias"] = ([[2, 3, 4], [3, 4]], (g, x) => g.Node("LayerNormalization", [x[0], x[1]], ("axis", 1))),
        ["ReduceMean"] = ([[2, 3, 4]], (g, x) => g.Mean(x[0], false, 1)),
        ["ReduceMean, all"] = ([[2, 3, 4]], (g, x) => g.Node("ReduceMean", [x[0]])),
        ["ReduceSum"] = ([[2, 3, 4]], (g, x) => g.ReduceSum(x[0], true, 0, -1)),
        ["Reshape"] = ([[2, 3, 4]], (g, x) => g.Reshape(x[0], 0, -1)),
        ["Flatten"] = ([[2, 3, 4]], (g, x) => g.Node("Flatten", [x[0]], ("axis", 2))),
        ["Squeeze"] = ([[2, 1, 4]], (g, x) => g.Node("Squeeze", [x[0], g.Int64s(1)])),
        ["Unsqueeze"] = ([[2, 4]], (g, x) => g.Node("Unsqueeze", [x[0], g.Int64s(0, -1)])),
        ["Expand"] = ([[2, 1, 4]], (g, x) => g.Expand(x[0], g.Int64s(5, 1, 3, 4))),
        ["Transpose"] = ([[2, 3, 4]], (g, x) => g.Transpose(x[0], 1, 2, 0)),
        ["Concat"] = ([[2, 3], [2, 1], [2, 4]], (g, x) => g.Concat(-1, x)),
        ["Split, one part used"] = ([[2, 9]], (g, x) => g.Split(x[0], 1, 3)[1]),
        ["Split, two parts used"] = ([[2, 9]], (g, x) => Ends(g, g.Split(x[0], 1, 3))),
        ["Slice"] = ([[5, 6]], (g, x) => g.Node("Slice", [x[0], g.Int64s(1, -4), g.Int64s(4, 1000), g.Int64s(0, 1)])),
        ["Slice with steps"] = ([[7, 6]], (g, x) => g.Node("Slice", [x[0], g.Int64s(1, -1), g.Int64s(7, -1000), g.Int64s(0, 1), g.Int64s(2, -3)])),
        ["Gather, one"] = ([[3, 5, 2]], (g, x) => g.Select(x[0], 1, 3)),
        ["Gather, repeated"] = ([[3, 5, 2]], (g, x) => g.Node("Gather", [x[0], g.Int64s(4, 0, 4, 1, 4)], ("axis", 1))),
        ["Pad"] = ([[3, 5]], (g, x) => g.Pad(x[0], [1, 0], [2, 3])),
        ["Conv"] = ([[2, 3, 7, 6], [4, 3, 3, 2], [4]], (g, x) => g.Node("Conv", [.. x], ("pads", (long[])[1, 0, 2, 1]))),
        ["Conv, strided"] = ([[2, 3, 9, 8], [4, 3, 3, 3]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[2, 3]), ("pads", (long[])[1, 1, 1, 1]))),
        ["Conv, dilated"] = ([[2, 3, 9, 8], [4, 3, 3, 2]], (g, x) => g.Node("Conv", [.. x], ("dilations", (long[])[2, 3]), ("strides", (long[])[1, 2]))),
        ["Conv, grouped"] = ([[2, 6, 7, 6], [4, 3, 3, 3], [4]], (g, x) => g.Node("Conv", [.. x], ("group", 2), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]))),
        ["Conv, depthwise"] = ([[2, 4, 7, 6], [4, 1, 3, 3], [4]], (g, x) => g.Node("Conv", [.. x], ("group", 4), ("pads", (long[])[1, 1, 1, 1]))),
        ["Conv, 1x1"] = ([[2, 4, 5, 5], [3, 4, 1, 1]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[2, 2]))),
        ["Conv, patches"] = ([[2, 3, 8, 8], [5, 3, 4, 4], [5]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[4, 4]))),
        ["Conv, automatic padding"] = ([[2, 3, 7, 8], [4, 3, 3, 2]], (g, x) => g.Node("Conv", [.. x], ("auto_pad", "SAME_UPPER"), ("strides", (long[])[2, 2]))),
        ["Conv, one axis"] = ([[2, 3, 11], [4, 3, 3]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[2]))),
        ["Conv, kernel wider than the input"] = ([[1, 2, 3, 3], [2, 2, 5, 5]], (g, x) => g.Node("Conv", [.. x], ("pads", (long[])[2, 2, 2, 2]), ("strides", (long[])[3, 3]))),
        ["MaxPool"] = ([[2, 3, 7, 6]], (g, x) => g.MaxPool2d(x[0], 3, 2, 1)),
        ["MaxPool, rounded up"] = ([[2, 3, 8, 7]], (g, x) => g.Node("MaxPool", [x[0]], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("ceil_mode", 1))),
        ["AveragePool"] = ([[2, 3, 7, 6]], (g, x) => g.Node("AveragePool", [x[0]], ("kernel_shape", (long[])[3, 2]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 0, 1, 1]))),
        ["AveragePool, padding counts"] = ([[2, 3, 7, 6]], (g, x) => g.Node("AveragePool", [x[0]], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]), ("count_include_pad", 1))),
        ["AveragePool, rounded up"] = ([[2, 3, 8, 7]], (g, x) => g.Node("AveragePool", [x[0]], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("ceil_mode", 1))),
        ["GlobalAveragePool"] = ([[2, 3, 5, 4]], (g, x) => g.Node("GlobalAveragePool", [x[0]])),
    };

    public static IEnumerable<object[]> Names => Cases.Keys.Select(n => new object[] { n });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Gradient_EqualsAutograd(string name)
    {
        using var scope = NewDisposeScope();
        var (shapes, build) = Cases[name];
        var g = new GraphBuilder("case");
        Value[] inputs = [.. shapes.Select((s, i) => g.Input($"x{i}", DataType.Float, [.. s.Select(d => new Dim(d))]))];
        var output = g.Node("Identity", [build(g, inputs)]);
        g.Output(output);
        var model = g.Build();

        manual_seed(3);
        Tensor[] values = [.. shapes.Select(s => randn(s).requires_grad_())];
        using var module = new GraphModule(model);
        var result = module.Run(values)[0];
        var seed = randn(result.shape);
        result.backward([seed]);

        var gradients = RunGradients(model, inputs, output, values, seed);
        for (var i = 0; i < inputs.Length; i++)
        {
            var expected = values[i].grad!;
            Assert.AreEqual(string.Join(",", expected.shape), string.Join(",", gradients[i].shape), $"{name}, input {i}");
            var error = ((gradients[i] - expected).norm() / (expected.norm() + 1e-12)).item<float>();
            Assert.IsLessThanOrEqualTo(Tolerance, error, $"{name}, input {i}");
        }
    }

    [TestMethod]
    public void EveryRule_HasACase()
    {
        var covered = Cases.Values.SelectMany(c =>
        {
            var g = new GraphBuilder("case");
            g.Output(g.Node("Identity", [c.Build(g, [.. c.Shapes.Select((s, i) => g.Input($"x{i}", DataType.Float, [.. s.Select(d => new Dim(d))]))])]));
            return g.Build().Graph.Node.Select(n => n.OpType);
        });
        // BatchNormalization trains on the batch's statistics, and Cast on other types: whole networks test both.
        CollectionAssert.AreEquivalent(Array.Empty<string>(), GradientRules.Operators.Except(covered).Except(["BatchNormalization", "Cast"]).ToArray());
    }

    private static Tensor[] RunGradients(OnnxModel model, Value[] inputs, Value output, Tensor[] values, Tensor seed)
    {
        var extended = model.Clone();
        var g = GraphBuilder.Extend(extended);
        var dy = g.Input("seed", DataType.Float, [.. output.Shape]);
        var gradients = GradientGraph.Add(g, extended, new Dictionary<string, Value> { [output.Name] = dy }, [.. inputs.Select(i => i.Name)]);
        foreach (var input in inputs)
        {
            g.Output($"d{input.Name}", gradients[input.Name]);
        }

        using var session = new InferenceSession(extended.Proto.ToByteArray());
        string[] names = [.. inputs.Select(i => i.Name), "seed"];
        using var run = new RunOptions();
        OrtValue[] fed = [.. values.Append(seed).Select(v => OrtValue.CreateTensorValueFromMemory(v.detach().data<float>().ToArray(), v.shape))];
        using var results = session.Run(run, names, fed, [.. inputs.Select(i => $"d{i.Name}")]);
        Array.ForEach(fed, v => v.Dispose());
        return [.. results.Select(r => tensor(r.GetTensorDataAsSpan<float>().ToArray(), r.GetTensorTypeAndShape().Shape))];
    }

    private static Value Positive(GraphBuilder g, Value x) => g.Add(g.Mul(x, x), g.Float(0.5f));

    private static Value Ends(GraphBuilder g, Value[] parts) => g.Mul(parts[0], parts[2]);
}
