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
/// Every gradient rule against TorchSharp's autograd of the same graph, in float32 on ONNX Runtime (relative error 1e-5 of each gradient's norm), and against
/// central differences of the graph itself, in float64 (1e-6: the constants of the gradient graph are float32).
/// </summary>
[TestClass]
public sealed class GradientRulesTests
{
    private const double Tolerance = 1e-5, DifferenceTolerance = 1e-6;

    /// <summary>Shapes of the inputs, the graph, and its opset where 17 does not have the operator.</summary>
    private static readonly Dictionary<string, GradientCase> Cases = new()
    {
        ["Add, broadcast both ways"] = new([[2, 1, 4], [3, 1]], (g, x) => g.Add(x[0], x[1])),
        ["Add, scalar"] = new([[2, 3], []], (g, x) => g.Add(x[0], x[1])),
        ["Sub"] = new([[2, 3, 4], [4]], (g, x) => g.Sub(x[0], x[1])),
        ["Mul"] = new([[2, 3, 4], [3, 1]], (g, x) => g.Mul(x[0], x[1])),
        ["Mul, one value twice"] = new([[2, 3]], (g, x) => g.Mul(x[0], x[0])),
        ["Div"] = new([[2, 3], [2, 1]], (g, x) => g.Div(x[0], Positive(g, x[1]))),
        ["Pow"] = new([[2, 3], [3]], (g, x) => g.Node("Pow", [Positive(g, x[0]), x[1]])),
        ["Sum of three"] = new([[2, 3], [3], [2, 1]], (g, x) => g.Node("Sum", [.. x])),
        ["Max"] = new([[2, 3], [3]], (g, x) => g.Node("Max", [x[0], x[1]])),
        ["Min"] = new([[2, 3], [3]], (g, x) => g.Node("Min", [x[0], x[1]])),
        ["Identity"] = new([[3]], (g, x) => g.Node("Identity", [x[0]])),
        ["Neg"] = new([[3]], (g, x) => g.Neg(x[0])),
        ["Abs"] = new([[5]], (g, x) => g.Node("Abs", [x[0]])),
        ["Exp"] = new([[5]], (g, x) => g.Exp(x[0])),
        ["Log"] = new([[5]], (g, x) => g.Node("Log", [Positive(g, x[0])])),
        ["Sqrt"] = new([[5]], (g, x) => g.Sqrt(Positive(g, x[0]))),
        ["Reciprocal"] = new([[5]], (g, x) => g.Node("Reciprocal", [Positive(g, x[0])])),
        ["Sin"] = new([[5]], (g, x) => g.Node("Sin", [x[0]])),
        ["Cos"] = new([[5]], (g, x) => g.Node("Cos", [x[0]])),
        ["Erf"] = new([[5]], (g, x) => g.Node("Erf", [x[0]])),
        ["Gelu chain"] = new([[3, 5]], (g, x) => g.Gelu(x[0])),
        ["Tanh"] = new([[5]], (g, x) => g.Node("Tanh", [x[0]])),
        ["Sigmoid"] = new([[5]], (g, x) => g.Node("Sigmoid", [x[0]])),
        ["Relu"] = new([[9]], (g, x) => g.Relu(x[0])),
        ["LeakyRelu"] = new([[9]], (g, x) => g.Node("LeakyRelu", [x[0]], ("alpha", 0.3f))),
        ["Elu"] = new([[9]], (g, x) => g.Node("Elu", [x[0]], ("alpha", 1.5f))),
        ["Softplus"] = new([[9]], (g, x) => g.Node("Softplus", [x[0]])),
        ["HardSigmoid"] = new([[20]], (g, x) => g.Node("HardSigmoid", [g.Scale(x[0], 3)])),
        ["HardSwish"] = new([[20]], (g, x) => g.Node("HardSwish", [g.Scale(x[0], 3)])),
        ["Clip"] = new([[20]], (g, x) => g.Node("Clip", [x[0], g.Float(-0.5f), g.Float(1f)])),
        ["Where"] = new([[2, 3], [3]], (g, x) => g.Node("Where", [g.Node("Greater", [x[0], g.Float(0)]), x[0], x[1]])),
        ["Softmax"] = new([[2, 3, 4]], (g, x) => g.Softmax(x[0], 1)),
        ["LogSoftmax"] = new([[2, 3, 4]], (g, x) => g.Node("LogSoftmax", [x[0]], ("axis", -1))),
        ["MatMul"] = new([[4, 3], [3, 5]], (g, x) => g.MatMul(x[0], x[1])),
        ["MatMul, batches against one matrix"] = new([[2, 6, 4, 3], [3, 5]], (g, x) => g.MatMul(x[0], x[1])),
        ["MatMul, one matrix against batches"] = new([[4, 3], [2, 3, 5]], (g, x) => g.MatMul(x[0], x[1])),
        ["MatMul, broadcast batches"] = new([[2, 1, 4, 3], [5, 3, 2]], (g, x) => g.MatMul(x[0], x[1])),
        ["Gemm"] = new([[4, 3], [3, 5], [5]], (g, x) => g.Node("Gemm", [.. x])),
        ["Gemm, transposed and scaled"] = new([[3, 4], [5, 3], [4, 1]], (g, x) => g.Node("Gemm", [.. x], ("transA", 1), ("transB", 1), ("alpha", 0.5f), ("beta", 2f))),
        ["Gemm, transposed left"] = new([[3, 4], [3, 5]], (g, x) => g.Node("Gemm", [.. x], ("transA", 1))),
        ["Gemm, transposed right"] = new([[4, 3], [5, 3], []], (g, x) => g.Node("Gemm", [.. x], ("transB", 1))),
        ["LayerNormalization"] = new([[2, 3, 4], [4], [4]], (g, x) => g.LayerNormalization(x[0], x[1], x[2], 1e-5f)),
        ["LayerNormalization, two axes, no bias"] = new([[2, 3, 4], [3, 4]], (g, x) => g.Node("LayerNormalization", [x[0], x[1]], ("axis", 1))),
        ["ReduceMean"] = new([[2, 3, 4]], (g, x) => g.Mean(x[0], false, 1)),
        ["ReduceMean, all"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceMean", [x[0]])),
        ["ReduceSum"] = new([[2, 3, 4]], (g, x) => g.ReduceSum(x[0], true, 0, -1)),
        ["Reshape"] = new([[2, 3, 4]], (g, x) => g.Reshape(x[0], 0, -1)),
        ["Flatten"] = new([[2, 3, 4]], (g, x) => g.Node("Flatten", [x[0]], ("axis", 2))),
        ["Squeeze"] = new([[2, 1, 4]], (g, x) => g.Node("Squeeze", [x[0], g.Int64s(1)])),
        ["Unsqueeze"] = new([[2, 4]], (g, x) => g.Node("Unsqueeze", [x[0], g.Int64s(0, -1)])),
        ["Expand"] = new([[2, 1, 4]], (g, x) => g.Expand(x[0], g.Int64s(5, 1, 3, 4))),
        ["Transpose"] = new([[2, 3, 4]], (g, x) => g.Transpose(x[0], 1, 2, 0)),
        ["Concat"] = new([[2, 3], [2, 1], [2, 4]], (g, x) => g.Concat(-1, x)),
        ["Split, one part used"] = new([[2, 9]], (g, x) => g.Split(x[0], 1, 3)[1]),
        ["Split, two parts used"] = new([[2, 9]], (g, x) => Ends(g, g.Split(x[0], 1, 3))),
        ["Slice"] = new([[5, 6]], (g, x) => g.Node("Slice", [x[0], g.Int64s(1, -4), g.Int64s(4, 1000), g.Int64s(0, 1)])),
        ["Slice with steps"] = new([[7, 6]], (g, x) => g.Node("Slice", [x[0], g.Int64s(1, -1), g.Int64s(7, -1000), g.Int64s(0, 1), g.Int64s(2, -3)])),
        ["Gather, one"] = new([[3, 5, 2]], (g, x) => g.Select(x[0], 1, 3)),
        ["Gather, repeated"] = new([[3, 5, 2]], (g, x) => g.Node("Gather", [x[0], g.Int64s(4, 0, 4, 1, 4)], ("axis", 1))),
        ["Pad"] = new([[3, 5]], (g, x) => g.Pad(x[0], [1, 0], [2, 3])),
        ["Conv"] = new([[2, 3, 7, 6], [4, 3, 3, 2], [4]], (g, x) => g.Node("Conv", [.. x], ("pads", (long[])[1, 0, 2, 1]))),
        ["Conv, strided"] = new([[2, 3, 9, 8], [4, 3, 3, 3]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[2, 3]), ("pads", (long[])[1, 1, 1, 1]))),
        ["Conv, dilated"] = new([[2, 3, 9, 8], [4, 3, 3, 2]], (g, x) => g.Node("Conv", [.. x], ("dilations", (long[])[2, 3]), ("strides", (long[])[1, 2]))),
        ["Conv, grouped"] = new([[2, 6, 7, 6], [4, 3, 3, 3], [4]], (g, x) => g.Node("Conv", [.. x], ("group", 2), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]))),
        ["Conv, depthwise"] = new([[2, 4, 7, 6], [4, 1, 3, 3], [4]], (g, x) => g.Node("Conv", [.. x], ("group", 4), ("pads", (long[])[1, 1, 1, 1]))),
        ["Conv, 1x1"] = new([[2, 4, 5, 5], [3, 4, 1, 1]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[2, 2]))),
        ["Conv, patches"] = new([[2, 3, 8, 8], [5, 3, 4, 4], [5]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[4, 4]))),
        ["Conv, automatic padding"] = new([[2, 3, 7, 8], [4, 3, 3, 2]], (g, x) => g.Node("Conv", [.. x], ("auto_pad", "SAME_UPPER"), ("strides", (long[])[2, 2]))),
        ["Conv, one axis"] = new([[2, 3, 11], [4, 3, 3]], (g, x) => g.Node("Conv", [.. x], ("strides", (long[])[2]))),
        ["Conv, kernel wider than the input"] = new([[1, 2, 3, 3], [2, 2, 5, 5]], (g, x) => g.Node("Conv", [.. x], ("pads", (long[])[2, 2, 2, 2]), ("strides", (long[])[3, 3]))),
        ["Conv over the batch, small maps"] = new([[1, 3, 4, 4, 3], [5, 3, 1, 3, 3], [5]], (g, x) => Volume(g, x, [1, 1], [1, 1], [1, 1, 1, 1])),
        ["Conv over the batch, small maps, strided"] = new([[1, 2, 3, 4, 5], [3, 2, 1, 3, 2]], (g, x) => Volume(g, x, [2, 3], [1, 1], [1, 1, 1, 0])),
        ["Conv over the batch, many channels"] = new([[1, 16, 2, 5, 4], [2, 16, 1, 3, 3]], (g, x) => Volume(g, x, [1, 1], [1, 2], [1, 2, 1, 2])),
        ["Conv over the batch, large maps"] = new([[1, 2, 3, 7, 8], [3, 2, 1, 3, 3]], (g, x) => Volume(g, x, [1, 1], [1, 2], [1, 1, 0, 2])),
        ["Conv over the batch, padded beyond the kernel"] = new([[1, 2, 2, 7, 7], [3, 2, 1, 3, 3]], (g, x) => Volume(g, x, [1, 1], [1, 1], [1, 3, 1, 3])),
        ["Conv over the batch, large maps, strided"] = new([[1, 2, 2, 12, 11], [3, 2, 1, 3, 3]], (g, x) => Volume(g, x, [2, 2], [1, 1], [1, 1, 1, 1])),
        ["Conv over the batch, 1x1"] = new([[1, 3, 2, 4, 5], [4, 3, 1, 1, 1]], (g, x) => Volume(g, x, [1, 1], [1, 1], [0, 0, 0, 0])),
        ["Conv over the batch, 1x1, strided"] = new([[1, 3, 2, 4, 5], [4, 3, 1, 1, 1]], (g, x) => Volume(g, x, [2, 2], [1, 1], [0, 0, 0, 0])),
        ["Conv over the batch, not all met"] = new([[1, 2, 2, 8, 9], [3, 2, 1, 3, 3]], (g, x) => Volume(g, x, [3, 4], [1, 1], [0, 0, 0, 0])),
        ["MaxPool"] = new([[2, 3, 7, 6]], (g, x) => g.MaxPool2d(x[0], 3, 2, 1)),
        ["MaxPool, rounded up"] = new([[2, 3, 8, 7]], (g, x) => g.Node("MaxPool", [x[0]], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("ceil_mode", 1))),
        ["AveragePool"] = new([[2, 3, 7, 6]], (g, x) => g.Node("AveragePool", [x[0]], ("kernel_shape", (long[])[3, 2]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 0, 1, 1]))),
        ["AveragePool, padding counts"] = new([[2, 3, 7, 6]], (g, x) => g.Node("AveragePool", [x[0]], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]), ("count_include_pad", 1))),
        ["AveragePool, rounded up"] = new([[2, 3, 8, 7]], (g, x) => g.Node("AveragePool", [x[0]], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("ceil_mode", 1))),
        ["GlobalAveragePool"] = new([[2, 3, 5, 4]], (g, x) => g.Node("GlobalAveragePool", [x[0]])),
        ["GlobalMaxPool"] = new([[2, 3, 5, 4]], (g, x) => g.Node("GlobalMaxPool", [x[0]])),
        ["Cast, there and back"] = new([[5]], (g, x) => g.Node("Cast", [Square(g, g.Node("Cast", [x[0]], ("to", (int)DataType.Double)))], ("to", (int)DataType.Float))),
        ["BatchNormalization, fixed statistics"] = new([[4, 3, 2, 5], [3], [3]], (g, x) => g.Node("BatchNormalization", [
            x[0], x[1], x[2], g.Initializer(TensorProtoExtensions.Float("mean", [3], [0.3f, -1, 2])), g.Initializer(TensorProtoExtensions.Float("variance", [3], [0.5f, 1, 4]))])),
        ["Mean of three"] = new([[2, 3], [3], [2, 1]], (g, x) => g.Node("Mean", [.. x])),
        ["Max, one value"] = new([[2, 3]], (g, x) => g.Node("Max", [x[0]])),
        ["PRelu, a slope a channel"] = new([[2, 3, 4, 2], [3, 1, 1]], (g, x) => g.Node("PRelu", [.. x])),
        ["PRelu, one slope"] = new([[2, 9], [1]], (g, x) => g.Node("PRelu", [.. x])),
        ["Gelu"] = new([[3, 5]], (g, x) => g.Node("Gelu", [x[0]]), 20),
        ["Gelu, by tanh"] = new([[3, 5]], (g, x) => g.Node("Gelu", [x[0]], ("approximate", "tanh")), 20),
        ["Mish"] = new([[3, 5]], (g, x) => g.Node("Mish", [x[0]]), 18),
        ["Swish"] = new([[3, 5]], (g, x) => g.Node("Swish", [x[0]], ("alpha", 1.5f)), 24),
        ["Celu"] = new([[9]], (g, x) => g.Node("Celu", [x[0]], ("alpha", 1.5f))),
        ["Selu"] = new([[9]], (g, x) => g.Node("Selu", [x[0]], ("alpha", 1.5f), ("gamma", 1.2f))),
        ["Softsign"] = new([[9]], (g, x) => g.Node("Softsign", [x[0]])),
        ["ThresholdedRelu"] = new([[9]], (g, x) => g.Node("ThresholdedRelu", [x[0]], ("alpha", 0.2f))),
        ["ReduceMax"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceMax", [x[0]], ("axes", (long[])[-1, 0]))),
        ["ReduceMax, axes as input"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceMax", [x[0], g.Int64s(1)], ("keepdims", 0)), 18),
        ["ReduceMin"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceMin", [x[0]], ("axes", (long[])[1]), ("keepdims", 0))),
        ["ReduceL1"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceL1", [x[0]], ("axes", (long[])[1]), ("keepdims", 0))),
        ["ReduceL2"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceL2", [x[0]], ("axes", (long[])[1]))),
        ["ReduceL2, all"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceL2", [x[0]], ("keepdims", 0))),
        ["ReduceSumSquare"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceSumSquare", [x[0]], ("axes", (long[])[0, 2]), ("keepdims", 0))),
        ["ReduceLogSum"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceLogSum", [Positive(g, x[0])], ("axes", (long[])[1]))),
        ["ReduceLogSumExp"] = new([[2, 3, 4]], (g, x) => g.Node("ReduceLogSumExp", [x[0]], ("axes", (long[])[1]), ("keepdims", 0))),
        ["ReduceMean, axes as input"] = new([[2, 3, 4]], (g, x) => g.Mean(x[0], false, 0, -1), 18),
        ["InstanceNormalization"] = new([[2, 3, 4, 5], [3], [3]], (g, x) => g.Node("InstanceNormalization", [.. x], ("epsilon", 1e-2f))),
        ["GroupNormalization, a scale a channel"] = new([[2, 6, 4, 3], [6], [6]], (g, x) => g.Node("GroupNormalization", [.. x], ("num_groups", 3)), 21),
        ["GroupNormalization, a scale a group"] = new([[2, 6, 4, 3], [3], [3]], (g, x) => g.Node("GroupNormalization", [.. x], ("num_groups", 3)), 18),
        ["RMSNormalization"] = new([[2, 3, 4], [4]], (g, x) => g.Node("RMSNormalization", [.. x]), 23),
        ["RMSNormalization, two axes"] = new([[2, 3, 4], [3, 4]], (g, x) => g.Node("RMSNormalization", [.. x], ("axis", 1), ("epsilon", 1e-2f)), 23),
        ["LpNormalization"] = new([[2, 3, 4]], (g, x) => g.Node("LpNormalization", [x[0]], ("axis", 1))),
        ["LpNormalization, of the sum"] = new([[2, 3, 4]], (g, x) => g.Node("LpNormalization", [x[0]], ("p", 1))),
        ["LRN"] = new([[2, 7, 2, 3]], (g, x) => g.Node("LRN", [x[0]], ("size", 3), ("alpha", 0.5f), ("beta", 0.6f), ("bias", 1.5f))),
        ["ConvTranspose"] = new([[2, 4, 3, 4], [4, 2, 3, 3], [2]], (g, x) => g.Node("ConvTranspose", [.. x], ("strides", (long[])[2, 2]), ("pads", (long[])[1, 0, 0, 1]))),
        ["ConvTranspose, grouped"] = new([[2, 4, 3, 4], [4, 3, 3, 2], [6]], (g, x) => g.Node("ConvTranspose", [.. x], ("group", 2), ("strides", (long[])[2, 3]), ("output_padding", (long[])[1, 2]))),
        ["ConvTranspose, dilated"] = new([[1, 2, 3, 3], [2, 3, 2, 3]], (g, x) => g.Node("ConvTranspose", [.. x], ("dilations", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]))),
        ["ConvTranspose, of a length"] = new([[1, 2, 3, 3], [2, 3, 3, 3]], (g, x) => g.Node("ConvTranspose", [.. x], ("strides", (long[])[2, 2]), ("output_shape", (long[])[6, 6]))),
        ["ConvTranspose, automatic padding"] = new([[1, 2, 3, 3], [2, 3, 3, 3]], (g, x) => g.Node("ConvTranspose", [.. x], ("strides", (long[])[2, 2]), ("auto_pad", "SAME_UPPER"))),
        ["ConvTranspose, one axis"] = new([[2, 3, 5], [3, 2, 4]], (g, x) => g.Node("ConvTranspose", [.. x], ("strides", (long[])[3]))),
        ["Resize, nearest"] = new([[1, 2, 3, 4]], (g, x) => Resize(g, x[0], [1, 1, 2, 2], ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"))),
        ["Resize, linear, part of an element"] = new([[1, 2, 5, 4]], (g, x) => Resize(g, x[0], [1, 1, 0.5f, 2.3f], ("mode", "linear"))),
        ["Resize, linear, to lengths"] = new([[1, 2, 5, 4]], (g, x) => g.Node("Resize", [x[0], null, null, g.Int64s(1, 2, 3, 7)], ("mode", "linear"), ("coordinate_transformation_mode", "align_corners"))),
        ["Resize, cubic"] = new([[1, 2, 5, 4]], (g, x) => g.Node("Resize", [x[0], null, null, g.Int64s(1, 2, 8, 3)], ("mode", "cubic"))),
        ["Resize, antialiased, along axes"] = new([[1, 2, 8, 9]], (g, x) => g.Node("Resize", [x[0], null, null, g.Int64s(4, 3)], ("mode", "linear"), ("antialias", 1), ("axes", (long[])[2, 3])), 18),
        ["DepthToSpace"] = new([[2, 8, 2, 3]], (g, x) => g.Node("DepthToSpace", [x[0]], ("blocksize", 2))),
        ["DepthToSpace, channels first"] = new([[2, 8, 2, 3]], (g, x) => g.Node("DepthToSpace", [x[0]], ("blocksize", 2), ("mode", "CRD"))),
        ["SpaceToDepth"] = new([[2, 2, 4, 6]], (g, x) => g.Node("SpaceToDepth", [x[0]], ("blocksize", 2))),
        ["Tile"] = new([[2, 3]], (g, x) => g.Node("Tile", [x[0], g.Int64s(3, 2)])),
    };

    public static IEnumerable<object[]> Names => Cases.Keys.Select(n => new object[] { n });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Gradient_EqualsAutograd(string name)
    {
        using var scope = NewDisposeScope();
        var graph = Build(Cases[name]);
        manual_seed(3);
        Tensor[] values = [.. Cases[name].Shapes.Select(s => randn(s).requires_grad_())];
        using var module = new GraphModule(graph.Forward);
        module.eval();
        var result = module.Run(values)[0];
        var seed = randn(result.shape);
        result.backward([seed]);

        var gradients = RunGradients(graph, values, seed);
        for (var i = 0; i < values.Length; i++)
        {
            RequireClose(values[i].grad!, gradients[i], Tolerance, $"{name}, input {i}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Gradient_EqualsFiniteDifferences(string name)
    {
        using var scope = NewDisposeScope();
        RequireDifferences(Build(Cases[name]), Cases[name].Shapes, name);
    }

    /// <summary>As it trains: mean and variance are those of the batch, and depend on it.</summary>
    [TestMethod]
    public void BatchNormalization_OfTheBatch_EqualsFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        var test = Cases["BatchNormalization, fixed statistics"];
        var graph = Build(test, training: true);
        Assert.IsTrue(graph.Forward.Graph.Node.Any(n => n.OpType == "ReduceMean"), "The graph computes its statistics.");
        RequireDifferences(graph, test.Shapes, "BatchNormalization of the batch");
    }

    [TestMethod]
    public void EveryRule_HasACase()
    {
        var covered = Cases.Values.SelectMany(c => Build(c).Forward.Graph.Node.Select(n => n.OpType));
        CollectionAssert.AreEquivalent(Array.Empty<string>(), GradientRules.Operators.Except(covered).ToArray());
    }

    private static GradientGraphs Build(GradientCase test, bool training = false)
    {
        var g = new GraphBuilder("case", test.Opset);
        Value[] inputs = [.. test.Shapes.Select((s, i) => g.Input($"x{i}", DataType.Float, [.. s.Select(d => new Dim(d))]))];
        g.Output(g.Node("Identity", [test.Build(g, inputs)]));
        var forward = g.Build();
        var composites = training ? TrainingForm.Apply(forward, "seed").Composites : null;

        var backward = forward.Clone();
        var extended = GraphBuilder.Extend(backward);
        var output = extended.Find(forward.Graph.Output[0].Name);
        var dy = extended.Input("seed", DataType.Float, [.. output.Shape]);
        string[] targets = [.. inputs.Select(i => i.Name)];
        var gradients = GradientGraph.Add(extended, backward, new Dictionary<string, Value> { [output.Name] = dy }, targets, composites: composites);
        backward.Graph.Output.Clear();
        foreach (var target in targets)
        {
            extended.Output($"d{target}", gradients[target]);
        }

        return new GradientGraphs(forward, backward);
    }

    private static Tensor[] RunGradients(GradientGraphs graph, Tensor[] values, Tensor seed)
    {
        using var session = new InferenceSession(graph.Backward.Proto.ToByteArray());
        using var run = new RunOptions();
        OrtValue[] fed = [.. values.Append(seed).Select(v => OrtValue.CreateTensorValueFromMemory(v.detach().data<float>().ToArray(), v.shape))];
        using var results = session.Run(run, [.. graph.Backward.Graph.Input.Select(i => i.Name)], fed, [.. graph.Backward.Graph.Output.Select(o => o.Name)]);
        Array.ForEach(fed, v => v.Dispose());
        return [.. results.Select(r => tensor(r.GetTensorDataAsSpan<float>().ToArray(), r.GetTensorTypeAndShape().Shape))];
    }

    /// <summary>Every element of every gradient against (f(x + h) − f(x − h)) / 2h of f = the outputs, weighted.</summary>
    private static void RequireDifferences(GradientGraphs graph, long[][] shapes, string name)
    {
        const double Step = 1e-5;
        using var noGradient = no_grad();
        using var forward = new DoubleGraph(graph.Forward);
        using var backward = new DoubleGraph(graph.Backward);
        manual_seed(3);
        Tensor[] values = [.. shapes.Select(s => randn(s, dtype: ScalarType.Float64))];
        var seed = randn(forward.Run(values)[0].shape, dtype: ScalarType.Float64);
        var gradients = backward.Run([.. values, seed]);
        for (var i = 0; i < values.Length; i++)
        {
            var differences = zeros_like(values[i]);
            for (var k = 0; k < values[i].numel(); k++)
            {
                double At(double step)
                {
                    using var scope = NewDisposeScope();
                    var moved = values.ToArray();
                    moved[i] = values[i].clone();
                    moved[i].view(-1)[k] += step;
                    return (forward.Run(moved)[0] * seed).sum().item<double>();
                }

                differences.view(-1)[k] = (At(Step) - At(-Step)) / (2 * Step);
            }

            RequireClose(differences, gradients[i], DifferenceTolerance, $"{name}, input {i}");
        }
    }

    private static void RequireClose(Tensor expected, Tensor actual, double tolerance, string what)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape, what);
        var (a, b) = (actual.to(ScalarType.Float64), expected.to(ScalarType.Float64));
        Assert.IsLessThanOrEqualTo(tolerance, ((a - b).norm() / (b.norm() + 1e-12)).item<double>(), what);
    }

    /// <summary>A convolution of [1, channels, batch, height, width] that leaves the batch alone.</summary>
    private static Value Volume(GraphBuilder g, Value[] x, long[] strides, long[] dilations, long[] pads)
    {
        return g.Node("Conv", x, ("strides", (long[])[1, .. strides]), ("dilations", (long[])[1, .. dilations]), ("pads", (long[])[0, .. pads[..2], 0, .. pads[2..]]));
    }

    private static Value Positive(GraphBuilder g, Value x) => g.Add(Square(g, x), g.Float(0.5f));

    private static Value Square(GraphBuilder g, Value x) => g.Mul(x, x);

    private static Value Ends(GraphBuilder g, Value[] parts) => g.Mul(parts[0], parts[2]);

    private static Value Resize(GraphBuilder g, Value x, float[] scales, params (string, object)[] attributes)
    {
        return g.Node("Resize", [x, null, g.Initializer(TensorProtoExtensions.Float("scales", [scales.Length], scales))], attributes);
    }

    private sealed record GradientCase(long[][] Shapes, Func<GraphBuilder, Value[], Value> Build, int Opset = OnnxModel.WrittenOpset);

    private sealed record GradientGraphs(OnnxModel Forward, OnnxModel Backward);
}
