namespace OneFractal.Export;

public sealed partial class GraphBuilder
{
    /// <summary>Sum with broadcasting.</summary>
    public Value Add(Value a, Value b) => Node("Add", [a, b]);

    /// <summary>Product with broadcasting.</summary>
    public Value Mul(Value a, Value b) => Node("Mul", [a, b]);

    /// <summary>Matrix product of the last two dimensions, the others broadcast.</summary>
    public Value MatMul(Value a, Value b) => Node("MatMul", [a, b]);

    /// <summary>Softmax over <paramref name="axis"/>.</summary>
    public Value Softmax(Value x, int axis) => Node("Softmax", [x], ("axis", axis));

    /// <summary>Reorders dimensions; undoing the reordering before gives what there was before it.</summary>
    public Value Transpose(Value x, params long[] permutation)
    {
        return Producer(x) is { OpType: "Transpose" } first && first.GetInts("perm") is { } before && before.Length == permutation.Length
            && permutation.Select(axis => before[axis]).SequenceEqual(Enumerable.Range(0, before.Length).Select(i => (long)i))
            ? new Value(first.Input[0], _known[first.Input[0]])
            : Node("Transpose", [x], ("perm", permutation));
    }

    /// <summary>Reshape; 0 copies the input's dimension, −1 is inferred.</summary>
    public Value Reshape(Value x, params long[] shape) => Node("Reshape", [x, Int64s(shape)]);

    /// <summary>Concatenates along <paramref name="axis"/>.</summary>
    public Value Concat(int axis, params Value[] values) => Node("Concat", values, ("axis", axis));

    /// <summary>Splits <paramref name="axis"/> into equal parts.</summary>
    public Value[] Split(Value x, int axis, int parts)
    {
        var part = x.Length(axis) / parts;
        return Nodes("Split", parts, [x, Int64s([.. Enumerable.Repeat(part, parts)])], ("axis", axis));
    }

    /// <summary>The element at <paramref name="index"/> of <paramref name="axis"/>, which disappears.</summary>
    public Value Select(Value x, int axis, long index)
    {
        return Node("Gather", [x, Constant($"const.index({index})", () => TensorProtoExtensions.Int64("", [], [index]))], ("axis", axis));
    }

    /// <summary>The elements from <paramref name="start"/> up to <paramref name="end"/> of <paramref name="axis"/>.</summary>
    public Value Slice(Value x, int axis, long start, long end) => Node("Slice", [x, Int64s(start), Int64s(end), Int64s(axis)]);

    /// <summary>Mean over <paramref name="axes"/>, which disappear unless <paramref name="keep"/> leaves them with length 1.</summary>
    public Value Mean(Value x, bool keep, params long[] axes)
    {
        // From opset 18 on the axes are an input.
        return Opset < 18
            ? Node("ReduceMean", [x], ("axes", axes), ("keepdims", keep ? 1 : 0))
            : Node("ReduceMean", [x, Int64s(axes)], ("keepdims", keep ? 1 : 0));
    }

    /// <summary>The length of dimension <paramref name="axis"/> as a vector of one.</summary>
    public Value SizeOf(Value x, int axis) => Node("Shape", [x], ("start", axis), ("end", axis + 1));

    /// <summary>Broadcasts to the shape that <paramref name="shape"/> holds.</summary>
    public Value Expand(Value x, Value shape) => Node("Expand", [x, shape]);

    /// <summary>Layer normalisation over the last dimension.</summary>
    public Value LayerNormalization(Value x, Value scale, Value bias, float epsilon)
    {
        return Node("LayerNormalization", [x, scale, bias], ("axis", -1), ("epsilon", epsilon));
    }

    /// <summary>Exact Gelu, x · Φ(x), written with Erf since opset 17 has no Gelu; runtimes fuse this chain.</summary>
    public Value Gelu(Value x)
    {
        var erf = Node("Erf", [Node("Div", [x, Float(MathF.Sqrt(2))])]);
        return Mul(Mul(x, Add(erf, Float(1))), Float(0.5f));
    }

    /// <summary>PyTorch's <c>nn.Linear</c>: weight [out, in] and bias [out]; the Transpose that feeds MatMul folds in deployment files.</summary>
    public Value Linear(Value x, Value weight, Value bias)
    {
        return x.Shape.Count == 2
            ? Node("Gemm", [x, weight, bias], ("alpha", 1f), ("beta", 1f), ("transB", 1))
            : Add(MatMul(x, Transpose(weight, 1, 0)), bias);
    }

    /// <summary>2-D convolution; stride and padding are the same along both axes.</summary>
    public Value Conv2d(Value x, Value weight, Value? bias, int stride, int padding = 0, int groups = 1)
    {
        long[] kernel = [weight.Length(2), weight.Length(3)];
        return Node(
            "Conv", bias is null ? [x, weight] : [x, weight, bias], ("kernel_shape", kernel), ("strides", Both(stride)), ("pads", Pads(padding)), ("group", groups));
    }

    /// <summary>2-D maximum over square windows; the padding never wins.</summary>
    public Value MaxPool2d(Value x, int kernel, int stride, int padding)
    {
        return Node("MaxPool", [x], ("kernel_shape", Both(kernel)), ("strides", Both(stride)), ("pads", Pads(padding)));
    }

    /// <summary>max(x, 0).</summary>
    public Value Relu(Value x) => Node("Relu", [x]);

    /// <summary>
    /// Batch normalisation over all but the channels, with fresh running statistics <c>running_mean</c> and <c>running_var</c> at the current module path.
    /// </summary>
    /// <param name="x">[batch, channels, …].</param>
    /// <param name="scale">[channels].</param>
    /// <param name="bias">[channels].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="momentum">Share of the running statistics that a step keeps.</param>
    public Value BatchNormalization(Value x, Value scale, Value bias, float epsilon, float momentum)
    {
        var channels = x.Length(1);
        var ones = new float[channels];
        Array.Fill(ones, 1f);
        var mean = Initializer(TensorProtoExtensions.Float(Qualify("running_mean"), [channels], new float[channels]));
        var variance = Initializer(TensorProtoExtensions.Float(Qualify("running_var"), [channels], ones));
        return Node("BatchNormalization", [x, scale, bias, mean, variance], ("epsilon", epsilon), ("momentum", momentum));
    }

    private static long[] Both(int value) => [value, value];

    private static long[] Pads(int value) => [value, value, value, value];
}
