using static TorchSharp.torch;

namespace OneFractal.Tests.Training.Operators;

/// <summary>Cases of every operator: what the official files of opset 17 do not have, and what a gradient is wanted of.</summary>
internal static class OperatorCases
{
    public static IReadOnlyList<NodeCase> All()
    {
        manual_seed(7);
        return
        [
            .. Arithmetic(), .. Activations(), .. Logic(), .. Reductions(), .. Products(), .. Convolutions(), .. Pooling(), .. Normalization(), .. Layout(),
            .. Indexing(), .. Resizing(), .. Attention(), .. Quantization(), .. Losses(), .. Constants(),
        ];
    }

    private static IEnumerable<NodeCase> Arithmetic()
    {
        foreach (var op in new[] { "Add", "Sub", "Mul" })
        {
            yield return new(op, 14, [F(2, 3, 4), F(3, 1)]);
        }

        yield return new("Div", 14, [F(2, 3), P(4, 1, 3)]);
        yield return new("Div", 14, [I(7, -7, 7, -7), I(2, 2, -2, -2)]);
        yield return new("Pow", 15, [P(2, 3), F(3)]);
        yield return new("Pow", 15, [F(2, 3), D(2)]) { Fixed = [1] };
        yield return new("Pow", 15, [I(-2, 3, 4), D(2)]) { Fixed = [1] };
        yield return new("Mod", 13, [F(2, 3) * 3, P(2, 3)], ("fmod", 1));
        yield return new("Mod", 13, [I(7, -7, 7, -7), I(3, 3, -3, -3)]);
        yield return new("Mod", 13, [I(7, -7, 7, -7), I(3, 3, -3, -3)], ("fmod", 1));
        foreach (var op in new[] { "Sum", "Max", "Min", "Mean" })
        {
            yield return new(op, 13, [F(2, 3), F(3), F(4, 1, 1)]);
            yield return new(op, 8, [F(2, 3)]);
        }

        foreach (var op in new[] { "Abs", "Neg", "Sign", "Floor", "Ceil", "Exp", "Erf", "Sin", "Cos", "Atan", "Sinh", "Cosh", "Asinh", "Tan" })
        {
            yield return new(op, 13, [F(3, 5)]);
        }

        foreach (var op in new[] { "Sqrt", "Log", "Reciprocal" })
        {
            yield return new(op, 13, [P(3, 5)]);
        }

        foreach (var op in new[] { "Asin", "Acos", "Atanh" })
        {
            yield return new(op, 13, [U(-0.9, 0.9, 3, 5)]);
        }

        yield return new("Acosh", 13, [U(1.1, 3, 3, 5)]);
        yield return new("Round", 11, [tensor(new[] { -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, -0.51 })]);
        yield return new("Clip", 6, [F(3, 4)], ("min", -0.5f), ("max", 0.7f));
        yield return new("Clip", 13, [F(3, 4), D(-0.5), D(0.7)]) { Fixed = [1, 2] };
        yield return new("Clip", 13, [F(3, 4), null, D(0.3)]) { Fixed = [2] };
        yield return new("Clip", 13, [I(-5, 0, 9), tensor(-1L), tensor(3L)]);
        foreach (var (exclusive, reverse) in new[] { (0, 0), (0, 1), (1, 0), (1, 1) })
        {
            yield return new("CumSum", 14, [F(2, 4, 3), tensor(1L)], ("exclusive", exclusive), ("reverse", reverse));
            yield return new("CumProd", 26, [F(2, 4, 3), tensor(-1L)], ("exclusive", exclusive), ("reverse", reverse)) { InOnnxRuntime = false };
        }

        var odd = tensor(new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1 });
        yield return new("IsNaN", 13, [odd]);
        yield return new("IsInf", 20, [odd]);
        yield return new("IsInf", 10, [odd], ("detect_negative", 0));
        yield return new("IsInf", 10, [odd], ("detect_positive", 0));
        yield return new("BitShift", 11, [Bytes(16, 4, 255), Bytes(1, 2, 3)], ("direction", "RIGHT"));
        yield return new("BitShift", 11, [Bytes(16, 4, 255), Bytes(1, 2, 3)], ("direction", "LEFT"));
        foreach (var op in new[] { "BitwiseAnd", "BitwiseOr", "BitwiseXor" })
        {
            yield return new(op, 18, [I(12, 7, -1), I(10, 3, 5)]);
        }

        yield return new("BitwiseNot", 18, [I(12, 7, -1)]);
        yield return new("Det", 11, [F(2, 3, 3)]) { InOnnxRuntime = false };
    }

    private static IEnumerable<NodeCase> Activations()
    {
        foreach (var op in new[] { "Relu", "Sigmoid", "Tanh", "Softplus", "Softsign" })
        {
            yield return new(op, 14, [F(3, 5)]);
        }

        yield return new("HardSwish", 14, [F(4, 5) * 3]);
        yield return new("Mish", 18, [F(3, 5)]);
        yield return new("LeakyRelu", 16, [F(3, 5)], ("alpha", 0.2f));
        yield return new("Elu", 6 + 1, [F(3, 5)], ("alpha", 1.5f));
        yield return new("Celu", 12, [F(3, 5)], ("alpha", 1.5f));
        yield return new("Selu", 7, [F(3, 5)]);
        yield return new("Selu", 7, [F(3, 5)], ("alpha", 2f), ("gamma", 1.5f));
        yield return new("ThresholdedRelu", 10, [F(3, 5)], ("alpha", 0.3f));
        yield return new("HardSigmoid", 7, [F(3, 5) * 3]);
        yield return new("HardSigmoid", 7, [F(3, 5) * 3], ("alpha", 1f / 6), ("beta", 0.5f));
        yield return new("Swish", 24, [F(3, 5)]) { InOnnxRuntime = false };
        yield return new("Swish", 24, [F(3, 5)], ("alpha", 1.7f)) { InOnnxRuntime = false };
        yield return new("PRelu", 16, [F(2, 3, 4, 4), P(3, 1, 1)]);
        yield return new("PRelu", 16, [F(2, 3, 4, 4), P(4)]);
        yield return new("PRelu", 9, [F(2, 3), P(1)]);
        yield return new("Shrink", 9, [F(3, 5)], ("lambd", 0.4f), ("bias", 0.3f));
        yield return new("Gelu", 20, [F(3, 5)]);
        yield return new("Gelu", 20, [F(3, 5)], ("approximate", "tanh"));
        foreach (var op in new[] { "Softmax", "LogSoftmax", "Hardmax" })
        {
            yield return new(op, 11, [F(2, 3, 4)]);
            yield return new(op, 11, [F(2, 3, 4)], ("axis", 2));
            yield return new(op, 13, [F(2, 3, 4)]);
            yield return new(op, 13, [F(2, 3, 4)], ("axis", 1));
        }

        yield return new("Dropout", 13, [F(3, 4)]) { Outputs = 2 };
        yield return new("Dropout", 7, [F(3, 4)], ("ratio", 0.4f));
    }

    private static IEnumerable<NodeCase> Logic()
    {
        foreach (var op in new[] { "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual" })
        {
            yield return new(op, 16, [F(3, 1), F(4)]);
            yield return new(op, 13, [I(1, 2, 3), I(2, 2, 2)]);
        }

        foreach (var op in new[] { "And", "Or", "Xor" })
        {
            yield return new(op, 7, [F(2, 3) > 0, F(3) > 0]);
        }

        yield return new("Not", 7, [F(2, 3) > 0]);
        yield return new("Where", 16, [F(2, 3) > 0, F(3), F(4, 2, 1)]);
        yield return new("Identity", 14, [F(2, 3)]);
        yield return new("Cast", 13, [F(2, 3) * 5], ("to", 7)) { Fixed = [0] };
        yield return new("Cast", 13, [F(2, 3)], ("to", 9)) { Fixed = [0] };
        yield return new("Cast", 13, [F(2, 3)], ("to", 11));
        yield return new("Cast", 19, [I(1, -2, 3)], ("to", 1));
        yield return new("CastLike", 19, [F(3), F(2)]) { Fixed = [1] };
        yield return new("CastLike", 15, [F(3) * 4, I(1)]) { Fixed = [0] };
    }

    private static IEnumerable<NodeCase> Reductions()
    {
        foreach (var op in new[] { "Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp" })
        {
            var x = op is "LogSum" or "Prod" ? P(2, 3, 4) : F(2, 3, 4);
            var attribute = op == "Sum" ? 11 : 13;
            yield return new("Reduce" + op, attribute, [x], ("axes", (long[])[0, -1]));
            yield return new("Reduce" + op, attribute, [x], ("axes", (long[])[1]), ("keepdims", 0));
            yield return new("Reduce" + op, attribute, [x]);
            yield return new("Reduce" + op, 18, [x, I(2, 0)], ("keepdims", 0));
            yield return new("Reduce" + op, 18, [x]);
        }

        yield return new("ReduceSum", 18, [F(2, 3)], ("noop_with_empty_axes", 1));
        yield return new("ReduceMax", 18, [I(4, 9, 2), I(0)]);
        yield return new("ReduceSum", 13, [I(4, 9, 2), I(0)]);
        yield return new("ReduceMean", 18, [tensor(new[] { 4, 9, 3 }), I(0)]);
        foreach (var op in new[] { "ArgMax", "ArgMin" })
        {
            yield return new(op, 13, [F(2, 3, 4)], ("axis", -1));
            yield return new(op, 13, [tensor(new[,] { { 1.0, 3, 3, 1 }, { 1, 1, 0, 0 } })], ("axis", 1), ("select_last_index", 1), ("keepdims", 0));
            yield return new(op, 13, [tensor(new[,] { { 1.0, 3, 3, 1 }, { 1, 1, 0, 0 } })], ("axis", 1));
        }
    }

    private static IEnumerable<NodeCase> Products()
    {
        yield return new("MatMul", 13, [F(3, 4), F(4, 2)]);
        yield return new("MatMul", 13, [F(2, 1, 3, 4), F(3, 4, 2)]);
        yield return new("MatMul", 13, [F(4), F(2, 4, 3)]);
        yield return new("Gemm", 13, [F(3, 4), F(2, 4), F(2)], ("transB", 1));
        yield return new("Gemm", 13, [F(4, 3), F(2, 4), F(3, 1)], ("transA", 1), ("transB", 1), ("alpha", 0.5f), ("beta", 2f));
        yield return new("Gemm", 11, [F(3, 4), F(4, 2)], ("alpha", 0.5f));
        yield return new("Gemm", 7, [F(3, 4), F(4, 2), F(1)]);
        yield return new("Einsum", 12, [F(2, 3, 4), F(2, 4, 5)], ("equation", "bij,bjk->bik"));
        yield return new("Einsum", 12, [F(3, 3)], ("equation", "ii->i"));
        yield return new("Einsum", 12, [F(2, 3, 4), F(5, 4)], ("equation", "...ij,kj->...ki"));
    }

    private static IEnumerable<NodeCase> Convolutions()
    {
        yield return new("Conv", 11, [F(2, 3, 9), F(4, 3, 3), F(4)], ("strides", (long[])[2]), ("pads", (long[])[1, 1]));
        yield return new("Conv", 11, [F(1, 4, 6, 7), F(6, 2, 3, 2), F(6)], ("group", 2), ("dilations", (long[])[2, 1]), ("pads", (long[])[1, 0, 2, 1]));
        yield return new("Conv", 11, [F(1, 4, 5, 5), F(4, 1, 3, 3)], ("group", 4), ("pads", (long[])[1, 1, 1, 1]), ("kernel_shape", (long[])[3, 3]));
        yield return new("Conv", 11, [F(1, 2, 4, 5, 4), F(3, 2, 2, 3, 2), F(3)], ("strides", (long[])[1, 2, 2]));
        yield return new("Conv", 11, [F(1, 2, 5, 6), F(3, 2, 3, 2)], ("auto_pad", "SAME_UPPER"), ("strides", (long[])[2, 2]));
        yield return new("Conv", 11, [F(1, 2, 5, 6), F(3, 2, 2, 4)], ("auto_pad", "SAME_LOWER"));
        yield return new("Conv", 11, [F(1, 2, 5, 6), F(3, 2, 2, 4)], ("auto_pad", "VALID"));
        yield return new("ConvTranspose", 11, [F(1, 3, 4), F(3, 2, 3), F(2)], ("strides", (long[])[2]), ("pads", (long[])[1, 1]));
        yield return new("ConvTranspose", 11, [F(1, 4, 3, 4), F(4, 2, 3, 3), F(4)], ("group", 2), ("strides", (long[])[2, 2]), ("output_padding", (long[])[1, 1]));
        yield return new("ConvTranspose", 11, [F(1, 2, 3, 3), F(2, 3, 3, 3), F(3)], ("strides", (long[])[2, 2]), ("pads", (long[])[1, 0, 0, 1]));
        yield return new("ConvTranspose", 11, [F(1, 2, 3, 3), F(2, 3, 3, 3), F(3)], ("strides", (long[])[2, 2]), ("output_shape", (long[])[6, 6]));
        yield return new("ConvTranspose", 11, [F(1, 2, 3, 3), F(2, 3, 3, 3)], ("strides", (long[])[2, 2]), ("auto_pad", "SAME_UPPER"));
        yield return new("ConvTranspose", 11, [F(1, 2, 3, 3), F(2, 3, 3, 3)], ("strides", (long[])[2, 2]), ("auto_pad", "SAME_LOWER"));
        yield return new("ConvTranspose", 11, [F(1, 2, 3, 3), F(2, 3, 2, 2)], ("dilations", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]));
        yield return new("ConvTranspose", 11, [F(1, 2, 2, 3, 2), F(2, 1, 2, 2, 2)], ("strides", (long[])[2, 1, 2]));
    }

    private static IEnumerable<NodeCase> Pooling()
    {
        foreach (var ceil in new[] { 0, 1 })
        {
            yield return new("MaxPool", 12, [F(1, 2, 7)], ("kernel_shape", (long[])[3]), ("strides", (long[])[2]), ("ceil_mode", ceil)) { Outputs = 2 };
            yield return new("MaxPool", 12, [F(2, 2, 6, 7)], ("kernel_shape", (long[])[3, 2]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]), ("ceil_mode", ceil));
            yield return new("MaxPool", 12, [F(2, 2, 6, 7)], ("kernel_shape", (long[])[3, 2]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]), ("ceil_mode", ceil)) { Outputs = 2 };
            yield return new("MaxPool", 12, [F(1, 2, 6, 7)], ("kernel_shape", (long[])[3, 2]), ("pads", (long[])[0, 1, 2, 0]), ("dilations", (long[])[2, 1]), ("ceil_mode", ceil)) { Outputs = 2 };
            foreach (var count in new[] { 0, 1 })
            {
                yield return new("AveragePool", 19, [F(1, 2, 7)], ("kernel_shape", (long[])[3]), ("strides", (long[])[2]), ("pads", (long[])[1, 1]), ("ceil_mode", ceil), ("count_include_pad", count));
                yield return new("AveragePool", 19, [F(1, 2, 6, 7)], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]), ("ceil_mode", ceil), ("count_include_pad", count));
                yield return new("AveragePool", 19, [F(1, 2, 6, 7)], ("kernel_shape", (long[])[3, 2]), ("pads", (long[])[0, 1, 2, 0]), ("ceil_mode", ceil), ("count_include_pad", count));
                yield return new("AveragePool", 19, [F(1, 2, 6, 7)], ("kernel_shape", (long[])[2, 2]), ("dilations", (long[])[2, 3]), ("pads", (long[])[1, 1, 1, 1]), ("ceil_mode", ceil), ("count_include_pad", count));
            }

            yield return new("LpPool", 18, [F(1, 2, 6, 7)], ("kernel_shape", (long[])[3, 2]), ("strides", (long[])[2, 2]), ("pads", (long[])[1, 1, 0, 0]), ("ceil_mode", ceil));
        }

        yield return new("MaxPool", 12, [F(1, 2, 4, 5, 4)], ("kernel_shape", (long[])[2, 2, 2]), ("strides", (long[])[2, 1, 2]), ("storage_order", 0)) { Outputs = 2 };
        yield return new("MaxPool", 12, [F(2, 2, 4, 5)], ("kernel_shape", (long[])[2, 2]), ("storage_order", 1)) { Outputs = 2 };
        yield return new("MaxPool", 12, [F(1, 2, 5, 5)], ("kernel_shape", (long[])[2, 3]), ("strides", (long[])[2, 2]), ("auto_pad", "SAME_UPPER"));
        yield return new("MaxPool", 12, [F(1, 2, 5, 5)], ("kernel_shape", (long[])[2, 3]), ("auto_pad", "SAME_LOWER")) { Outputs = 2 };
        yield return new("MaxPool", 12, [Bytes(3, 1, 4, 1, 5, 9, 2, 6, 5).reshape(1, 1, 3, 3)], ("kernel_shape", (long[])[2, 2]));
        yield return new("AveragePool", 11, [F(1, 2, 5, 5)], ("kernel_shape", (long[])[2, 3]), ("auto_pad", "SAME_UPPER"));
        yield return new("AveragePool", 11, [F(1, 2, 4, 5, 4)], ("kernel_shape", (long[])[2, 2, 2]), ("strides", (long[])[2, 1, 2]));
        yield return new("LpPool", 11, [F(1, 2, 5, 5)], ("kernel_shape", (long[])[2, 3]), ("p", 1));
        yield return new("LpPool", 11, [F(1, 2, 5, 5)], ("kernel_shape", (long[])[2, 3]), ("p", 3));
        foreach (var op in new[] { "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool" })
        {
            yield return new(op, 7, [F(2, 3, 4, 5)]);
            yield return new(op, 7, [F(2, 3, 4)]);
        }

        yield return new("GlobalLpPool", 7, [F(2, 3, 4, 5)], ("p", 1));
        yield return new("MaxUnpool", 11, [F(1, 1, 2, 2), I(5, 7, 13, 15).reshape(1, 1, 2, 2)], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]));
    }

    private static IEnumerable<NodeCase> Normalization()
    {
        yield return new("BatchNormalization", 15, [F(2, 3, 4, 4), F(3), F(3), F(3), P(3)]) { Fixed = [3, 4] };
        yield return new("BatchNormalization", 9, [F(2, 3, 4), F(3), F(3), F(3), P(3)], ("epsilon", 1e-2f)) { Fixed = [3, 4] };
        yield return new("BatchNormalization", 7, [F(4, 3), F(3), F(3), F(3), P(3)]) { Fixed = [3, 4] };
        yield return new("BatchNormalization", 15, [F(2, 3, 4, 4), F(3), F(3), F(3), P(3)], ("training_mode", 1), ("momentum", 0.8f)) { Fixed = [3, 4], Outputs = 3, InOnnxRuntime = false };
        yield return new("LayerNormalization", 17, [F(2, 3, 4), F(4), F(4)]);
        yield return new("LayerNormalization", 17, [F(2, 3, 4), F(3, 4)], ("axis", 1));
        yield return new("LayerNormalization", 17, [F(2, 3, 4), F(3, 4), F(3, 4)], ("axis", 1)) { Outputs = 3 };
        yield return new("RMSNormalization", 23, [F(2, 3, 4), F(4)]);
        yield return new("RMSNormalization", 23, [F(2, 3, 4), F(3, 4)], ("axis", 1), ("epsilon", 1e-2f));
        yield return new("InstanceNormalization", 7, [F(2, 3, 4, 5), F(3), F(3)]);
        yield return new("InstanceNormalization", 22, [F(2, 3, 6), F(3), F(3)], ("epsilon", 1e-2f));
        yield return new("GroupNormalization", 18, [F(2, 6, 4, 3), F(3), F(3)], ("num_groups", 3));
        yield return new("GroupNormalization", 21, [F(2, 6, 4, 3), F(6), F(6)], ("num_groups", 3));
        foreach (var size in new[] { 3, 4, 5 })
        {
            yield return new("LRN", 13, [F(2, 7, 2, 3)], ("size", size), ("alpha", 0.5f), ("beta", 0.6f), ("bias", 1.5f)) { InOnnxRuntime = size % 2 == 1 };
        }

        yield return new("LpNormalization", 7, [F(2, 3, 4)], ("axis", 1), ("p", 2));
        yield return new("LpNormalization", 7, [F(2, 3, 4)], ("p", 1));
        yield return new("MeanVarianceNormalization", 13, [F(2, 3, 4, 4)]);
        yield return new("MeanVarianceNormalization", 9, [F(2, 3, 4, 4)], ("axes", (long[])[2, 3]));
    }

    private static IEnumerable<NodeCase> Layout()
    {
        yield return new("Reshape", 14, [F(2, 3, 4), I(0, -1)]);
        yield return new("Reshape", 14, [F(0, 3), I(3, 0)], ("allowzero", 1));
        yield return new("Flatten", 13, [F(2, 3, 4)], ("axis", -1));
        yield return new("Flatten", 9, [F(2, 3, 4)], ("axis", 0));
        yield return new("Transpose", 13, [F(2, 3, 4)], ("perm", (long[])[1, 2, 0]));
        yield return new("Transpose", 13, [F(2, 3, 4)]);
        yield return new("Squeeze", 11, [F(1, 3, 1)], ("axes", (long[])[0]));
        yield return new("Squeeze", 13, [F(1, 3, 1), I(-1)]);
        yield return new("Squeeze", 13, [F(1, 3, 1)]);
        yield return new("Unsqueeze", 11, [F(3, 2)], ("axes", (long[])[0, 3]));
        yield return new("Unsqueeze", 13, [F(3, 2), I(-1, 0)]);
        yield return new("Expand", 13, [F(3, 1), I(2, 1, 4)]);
        yield return new("Concat", 13, [F(2, 3), F(2, 1), F(2, 2)], ("axis", -1));
        yield return new("Split", 11, [F(2, 6)], ("axis", 1), ("split", (long[])[1, 5])) { Outputs = 2 };
        yield return new("Split", 13, [F(6, 2), I(2, 4)]) { Outputs = 2 };
        yield return new("Split", 13, [F(6, 2)]) { Outputs = 3 };
        yield return new("Split", 18, [F(2, 7)], ("axis", 1), ("num_outputs", 3)) { Outputs = 3 };
        yield return new("Slice", 9, [F(4, 5)], ("starts", (long[])[1, -3]), ("ends", (long[])[3, 1000]), ("axes", (long[])[0, 1]));
        yield return new("Slice", 13, [F(4, 5), I(3, 0), I(-1000, 5), I(0, 1), I(-2, 2)]);
        yield return new("Slice", 13, [F(4, 5), I(-1), I(long.MinValue), I(1), I(-1)]);
        yield return new("Slice", 13, [F(4, 5), I(3), I(1)]);
        yield return new("Pad", 9, [F(2, 3)], ("pads", (long[])[1, 0, 0, 2]), ("value", 0.5f));
        foreach (var mode in new[] { "constant", "reflect", "edge", "wrap" })
        {
            yield return new("Pad", 19, [F(1, 2, 3, 4), I(0, 0, 1, 2, 0, 1, 2, 3)], ("mode", mode == "reflect" ? "constant" : mode));
            yield return new("Pad", 19, [F(3, 4), I(2, 1, 1, 3)], ("mode", mode));
        }

        yield return new("Pad", 18, [F(2, 3, 4), I(1, 2, 0, 1), D(0.5), I(2, -2)]) { Fixed = [2] };
        yield return new("Pad", 13, [F(3, 4), I(-1, 1, 0, -2)]);
        yield return new("Tile", 13, [F(2, 3), I(2, 3)]);
        yield return new("DepthToSpace", 13, [F(2, 8, 2, 3)], ("blocksize", 2));
        yield return new("DepthToSpace", 13, [F(2, 8, 2, 3)], ("blocksize", 2), ("mode", "CRD"));
        yield return new("SpaceToDepth", 13, [F(2, 2, 4, 6)], ("blocksize", 2));
        yield return new("Trilu", 14, [F(2, 3, 4), tensor(1L)]);
        yield return new("Trilu", 14, [F(4, 4)], ("upper", 0));
        yield return new("Size", 13, [F(2, 3)]);
        yield return new("Shape", 13, [F(2, 3)]);
        yield return new("Shape", 15, [F(2, 3, 4)], ("start", -2), ("end", -1));
    }

    private static IEnumerable<NodeCase> Indexing()
    {
        yield return new("Gather", 13, [F(3, 4), I(2, -1, 0).reshape(1, 3)], ("axis", 1));
        yield return new("Gather", 13, [F(3, 4), tensor(-1L)]);
        yield return new("GatherElements", 13, [F(3, 3), I(0, 2, -1, 1, 1, 1).reshape(2, 3)]);
        yield return new("GatherElements", 13, [F(2, 3), I(0, -1).reshape(2, 1)], ("axis", 1));
        yield return new("GatherND", 13, [F(2, 3, 4), I(0, 1, 1, -1).reshape(2, 2)]);
        yield return new("GatherND", 13, [F(2, 3, 4), I(2, 0).reshape(2, 1)], ("batch_dims", 1));
        yield return new("Scatter", 10, [F(3, 3), I(1, 0, 2, 0, 2, 1).reshape(2, 3), F(2, 3)]);
        yield return new("ScatterElements", 16, [F(3, 4), I(1, -1).reshape(2, 1), F(2, 1)], ("axis", 1));
        yield return new("ScatterND", 16, [F(4, 3), I(2, 0).reshape(2, 1), F(2, 3)]);
        foreach (var reduction in new[] { "add", "mul", "max", "min" })
        {
            yield return new("ScatterElements", 18, [F(3, 4), I(1, 1, 2, 1).reshape(2, 2), F(2, 2)], ("reduction", reduction));
            yield return new("ScatterND", 18, [F(4, 3), I(1, 1, 3, 1).reshape(4, 1), F(4, 3)], ("reduction", reduction));
        }

        yield return new("OneHot", 11, [I(0, -1, 2, 7), I(4), F(2)]);
        yield return new("OneHot", 11, [I(0, -1, 2, 3).reshape(2, 2), tensor(5L), F(2)], ("axis", 0));
        yield return new("NonZero", 13, [I(0, 3, 0, 1).reshape(2, 2)]);
        yield return new("TopK", 11, [F(3, 6), I(3)], ("axis", -1)) { Outputs = 2 };
        yield return new("TopK", 11, [tensor(new[] { 1.0, 3, 2, 3, 1, 3 }), I(4)]) { Outputs = 2, Fixed = [0] };
        yield return new("TopK", 11, [tensor(new[] { 1.0, 3, 2, 3, 1, 3 }), I(4)], ("largest", 0)) { Outputs = 2, Fixed = [0] };
        yield return new("TopK", 9, [F(3, 6)], ("k", 2), ("axis", 0)) { Outputs = 2 };
        yield return new("Compress", 11, [F(3, 4), tensor(new[] { true, false, true })], ("axis", 0));
        yield return new("Compress", 11, [F(3, 4), tensor(new[] { false, true, true, false, true })]);
        yield return new("Unique", 11, [tensor(new[] { 2.0, 1, 1, 3, 4, 3 })]) { Outputs = 4 };
        yield return new("Unique", 11, [tensor(new[] { 2.0, 1, 1, 3, 4, 3 })], ("sorted", 0)) { Outputs = 4 };
        yield return new("Unique", 11, [tensor(new[,] { { 1.0, 0, 0 }, { 1, 0, 0 }, { 2, 3, 4 } })], ("axis", 0)) { Outputs = 4 };
        yield return new("ReverseSequence", 10, [F(4, 3, 2), I(1, 4, 3)]);
        yield return new("ReverseSequence", 10, [F(3, 4, 2), I(1, 4, 3)], ("time_axis", 1), ("batch_axis", 0));
    }

    private static IEnumerable<NodeCase> Resizing()
    {
        foreach (var coordinates in new[] { "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric" })
        {
            foreach (var mode in new[] { "nearest", "linear", "cubic" })
            {
                yield return new("Resize", 19, [F(1, 2, 4, 5), null, null, I(1, 2, 7, 8)], ("mode", mode), ("coordinate_transformation_mode", coordinates));
                yield return new("Resize", 19, [F(1, 2, 7, 6), null, null, I(1, 2, 3, 4)], ("mode", mode), ("coordinate_transformation_mode", coordinates));
            }

            foreach (var rounding in new[] { "round_prefer_ceil", "floor", "ceil" })
            {
                yield return new("Resize", 19, [F(1, 1, 4, 4), null, Scales(1, 1, 2.5f, 0.6f)], ("coordinate_transformation_mode", coordinates == "align_corners" ? "asymmetric" : coordinates), ("nearest_mode", rounding)) { Fixed = [2] };
            }
        }

        yield return new("Resize", 13, [F(1, 1, 5, 4), null, Scales(1, 1, 0.5f, 2)], ("mode", "linear")) { Fixed = [2] };
        yield return new("Resize", 13, [F(1, 1, 5, 5), null, null, I(1, 1, 3, 8)], ("mode", "cubic"), ("exclude_outside", 1), ("cubic_coeff_a", -0.5f));
        yield return new("Resize", 13, [F(1, 1, 4, 4), D(0, 0, 0.4, 0.6, 1, 1, 0.8, 1.2), null, I(1, 1, 3, 3)], ("mode", "linear"), ("coordinate_transformation_mode", "tf_crop_and_resize"), ("extrapolation_value", 10f)) { Fixed = [1] };
        yield return new("Resize", 10, [F(1, 1, 4, 4), Scales(1, 1, 2, 2)]) { Fixed = [1] };
        yield return new("Resize", 10, [F(1, 1, 4, 4), Scales(1, 1, 2, 2)], ("mode", "linear")) { Fixed = [1] };
        yield return new("Resize", 18, [F(2, 3, 4), null, null, I(6)], ("axes", (long[])[2]), ("mode", "linear"));
        yield return new("Resize", 18, [F(1, 1, 4, 6), null, null, I(7, 7)], ("axes", (long[])[2, 3]), ("keep_aspect_ratio_policy", "not_larger"), ("mode", "nearest"));
        yield return new("Resize", 18, [F(1, 1, 4, 6), null, null, I(7, 7)], ("axes", (long[])[2, 3]), ("keep_aspect_ratio_policy", "not_smaller"), ("mode", "linear"));
        yield return new("Resize", 18, [F(1, 1, 8, 9), null, null, I(1, 1, 4, 3)], ("mode", "linear"), ("antialias", 1));
        yield return new("Resize", 18, [F(1, 1, 8, 9), null, null, I(1, 1, 5, 12)], ("mode", "cubic"), ("antialias", 1), ("exclude_outside", 1));
        yield return new("Upsample", 7, [F(1, 1, 2, 3)], ("scales", new[] { 1f, 1, 2, 3 }));
        yield return new("Upsample", 9, [F(1, 1, 2, 3), Scales(1, 1, 2, 2)], ("mode", "linear")) { Fixed = [1] };
        foreach (var padding in new[] { "zeros", "border", "reflection" })
        {
            yield return new("GridSample", 16, [F(1, 2, 4, 5), F(1, 3, 2, 2)], ("padding_mode", padding));
            yield return new("GridSample", 20, [F(1, 2, 4, 5), F(1, 3, 2, 2)], ("padding_mode", padding), ("align_corners", 1), ("mode", "linear"));
        }

        yield return new("GridSample", 16, [F(1, 2, 4, 5), F(1, 3, 2, 2)], ("mode", "nearest"));
        yield return new("AffineGrid", 20, [F(2, 2, 3), I(2, 3, 4, 5)]);
        yield return new("AffineGrid", 20, [F(2, 3, 4), I(2, 1, 2, 3, 4)], ("align_corners", 1));
    }

    private static IEnumerable<NodeCase> Attention()
    {
        yield return new("Attention", 23, [F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 6)]);
        yield return new("Attention", 23, [F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 4), F(3, 5)], ("scale", 0.3f));
        yield return new("Attention", 23, [F(2, 2, 3, 4), F(2, 2, 5, 4), F(2, 2, 5, 4), F(3, 5) > -1]);
        yield return new("Attention", 23, [F(1, 2, 4, 4), F(1, 2, 4, 4), F(1, 2, 4, 4)], ("is_causal", 1));
        yield return new("Attention", 23, [F(1, 4, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4)], ("softcap", 2f));
        yield return new("Attention", 23, [F(2, 3, 8), F(2, 5, 8), F(2, 5, 8)], ("q_num_heads", 2), ("kv_num_heads", 2));
        yield return new("Attention", 24, [F(1, 2, 3, 4), F(1, 2, 2, 4), F(1, 2, 2, 4), null, F(1, 2, 1, 4), F(1, 2, 1, 4)]) { Outputs = 3 };
        yield return new("Attention", 23, [F(1, 2, 3, 4), F(1, 2, 3, 4), F(1, 2, 3, 4), F(3, 3), F(1, 2, 1, 4).slice(2, 0, 0, 1), F(1, 2, 1, 4).slice(2, 0, 0, 1)], ("qk_matmul_output_mode", 3)) { Outputs = 4, Fixed = [4, 5], InOnnxRuntime = false };
        foreach (var interleaved in new[] { 0, 1 })
        {
            yield return new("RotaryEmbedding", 23, [F(2, 3, 4, 8), F(6, 4), F(6, 4), I(0, 1, 2, 5, 3, 1, 0, 2).reshape(2, 4)], ("interleaved", interleaved));
            yield return new("RotaryEmbedding", 23, [F(2, 4, 24), F(2, 4, 2), F(2, 4, 2)], ("interleaved", interleaved), ("num_heads", 3), ("rotary_embedding_dim", 4));
        }
    }

    private static IEnumerable<NodeCase> Quantization()
    {
        yield return new("QuantizeLinear", 13, [F(2, 3) * 100, P(3), tensor(new byte[] { 3, 128, 200 })]);
        yield return new("QuantizeLinear", 19, [F(2, 3) * 100, D(0.7), tensor((sbyte)-3)]);
        yield return new("QuantizeLinear", 21, [F(4, 2) * 20, P(2, 2), tensor(new byte[,] { { 3, 100 }, { 7, 9 } })], ("axis", 0), ("block_size", 2));
        yield return new("DequantizeLinear", 13, [Bytes(0, 5, 255, 7, 9, 3).reshape(2, 3), P(2), tensor(new byte[] { 3, 128 })], ("axis", 0));
        yield return new("DequantizeLinear", 19, [tensor(new[] { -5, 70000 }), D(0.7)]);
        yield return new("DynamicQuantizeLinear", 11, [F(3, 4) * 5]) { Outputs = 3 };
        yield return new("MatMulInteger", 10, [Bytes(3, 7, 255, 1).reshape(2, 2), Bytes(9, 0, 4, 200).reshape(2, 2), tensor((byte)5), tensor((byte)7)]);
        yield return new("ConvInteger", 10, [Bytes(2, 3, 4, 5, 6, 7, 8, 9, 10).reshape(1, 1, 3, 3), Bytes(1, 1, 2, 1).reshape(1, 1, 2, 2), tensor((byte)1)], ("pads", (long[])[0, 0, 1, 1]));
        yield return new("QLinearMatMul", 10, [
            Bytes(208, 236, 0, 238).reshape(2, 2), D(0.0066).@float(), tensor((byte)113), Bytes(152, 51, 244, 60).reshape(2, 2), D(0.00705).@float(), tensor((byte)114),
            D(0.0107).@float(), tensor((byte)118)]);
        yield return new("QLinearConv", 10, [
            Bytes(255, 174, 162, 25, 203, 168, 58, 15, 59).reshape(1, 1, 3, 3), D(0.0037).@float(), tensor((byte)132), Bytes(200, 10).reshape(2, 1, 1, 1),
            tensor(new[] { 0.0017f, 0.003f }), tensor(new byte[] { 9, 4 }), D(0.0016).@float(), tensor((byte)123), tensor(new[] { 500, -300 })]);
    }

    private static IEnumerable<NodeCase> Losses()
    {
        foreach (var reduction in new[] { "mean", "sum", "none" })
        {
            yield return new("NegativeLogLikelihoodLoss", 13, [F(3, 4, 2), I(0, 3, 1, 1, 2, 0).reshape(3, 2), P(4)], ("reduction", reduction), ("ignore_index", 1));
            yield return new("SoftmaxCrossEntropyLoss", 13, [F(3, 4), I(0, 3, 1), P(4)], ("reduction", reduction)) { Outputs = 2 };
        }
    }

    private static IEnumerable<NodeCase> Constants()
    {
        yield return new("Constant", 13, [], ("value_ints", (long[])[1, 2, 3]));
        yield return new("Constant", 13, [], ("value_floats", new[] { 1.5f, 2 }));
        yield return new("ConstantOfShape", 9, [I(2, 3)]);
        yield return new("Range", 11, [D(1).reshape([]), D(10).reshape([]), D(2.5).reshape([])]) { Fixed = [0, 1, 2] };
        yield return new("Range", 11, [tensor(10L), tensor(1L), tensor(-3L)]);
        yield return new("EyeLike", 9, [F(3, 4)], ("k", 1), ("dtype", 7));
    }

    private static Tensor F(params long[] shape) => randn(shape, dtype: ScalarType.Float64);

    private static Tensor P(params long[] shape) => U(0.5, 2, shape);

    private static Tensor U(double low, double high, params long[] shape) => rand(shape, dtype: ScalarType.Float64) * (high - low) + low;

    private static Tensor D(params double[] values) => values.Length == 1 ? tensor(values[0]) : tensor(values);

    private static Tensor Scales(params float[] values) => tensor(values);

    private static Tensor I(params long[] values) => tensor(values);

    private static Tensor Bytes(params byte[] values) => tensor(values);
}
