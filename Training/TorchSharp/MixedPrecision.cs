using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// Computes with bfloat16 where it pays and float32 where it matters, by operator, as PyTorch's autocast does: matrix products and convolutions
/// take bfloat16, layout and cheap element-wise operators what they are given, everything else (normalisation, softmax, sums) float32.
/// Parameters stay float32: the casts are part of the graph, so gradients arrive in float32 too.
/// </summary>
internal static class MixedPrecision
{
    private static readonly HashSet<string> Low =
    [
        "Conv", "ConvTranspose", "MatMul", "Gemm", "Einsum", "Attention", Fusions.LinearName, Fusions.AttentionName,
    ];

    // BatchNormalization computes in float32 whatever its input is, and its statistics must stay the module's own buffers.
    private static readonly HashSet<string> AsGiven =
    [
        "Add", "Sub", "Mul", "Div", "Relu", "LeakyRelu", "Clip", "Gelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Mish", "Identity", "Dropout",
        "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Expand", "Concat", "Split", "Slice", "Pad", "Gather", "Where", "Tile", "DepthToSpace", "SpaceToDepth",
        "MaxPool", "AveragePool", "GlobalMaxPool", "BatchNormalization", "Shape", "Size", "Cast", "Constant", "ConstantOfShape", "Range",
    ];

    /// <summary>The node with casts in front of its kernel.</summary>
    public static PlanNode Apply(PlanNode node)
    {
        if (AsGiven.Contains(node.Operator))
        {
            return node;
        }

        var (from, to) = Low.Contains(node.Operator) ? (ScalarType.Float32, ScalarType.BFloat16) : (ScalarType.BFloat16, ScalarType.Float32);
        return node with { Kernel = (inputs, mode) => RunCast(node.Kernel, inputs, mode, from, to) };
    }

    private static Tensor[] RunCast(Kernel kernel, Tensor?[] inputs, ExecutionMode mode, ScalarType from, ScalarType to)
    {
        var cast = new Tensor?[inputs.Length];
        try
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                cast[i] = inputs[i]?.dtype == from ? inputs[i]!.to(to) : null;
            }

            return kernel([.. inputs.Select((input, i) => cast[i] ?? input)], mode);
        }
        finally
        {
            foreach (var tensor in cast)
            {
                tensor?.Dispose();
            }
        }
    }
}
