using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Elementwise() =>
    [
        Binary("Add", 7, (a, b) => a + b),
        Binary("Sub", 7, (a, b) => a - b),
        Binary("Mul", 7, (a, b) => a * b),
        Binary("Div", 7, Divide),
        Binary("Pow", 7, (a, b) => a.pow(b)),
        Unary("Relu", 6, x => x.relu()),
        Unary("Sigmoid", 6, x => x.sigmoid()),
        Unary("Tanh", 6, x => x.tanh()),
        Unary("Erf", 9, x => x.erf()),
        Unary("Exp", 6, x => x.exp()),
        Unary("Log", 6, x => x.log()),
        Unary("Sqrt", 6, x => x.sqrt()),
        Unary("Neg", 6, x => x.neg()),
        Unary("Identity", 1, x => x.alias()),
        new("Gelu", 20, c =>
        {
            var approximate = c.Node.GetString("approximate", "none") == "tanh";
            return (inputs, _) => [nn.functional.gelu(inputs[0]!, approximate ? TorchSharp.Modules.GELU.Approximate.tanh : TorchSharp.Modules.GELU.Approximate.none)];
        }),
        // From opset 13 on softmax is over one axis; before, over all dimensions from axis on.
        new("Softmax", 13, c =>
        {
            var axis = c.Int("axis", -1);
            return (inputs, _) => [inputs[0]!.softmax(axis)];
        }),
        new("Dropout", 7, c => CompileDropout(c, c.Float("ratio", 0.5f))),
        // From opset 12 on the ratio is an input.
        new("Dropout", 12, c => CompileDropout(c, c.Node.InputOrNull(1) is null ? 0.5f : c.Scalar(1))),
    ];

    private static OperatorVersion Unary(string opType, int since, Func<Tensor, Tensor> function)
    {
        return new OperatorVersion(opType, since, _ => (inputs, _) => [function(inputs[0]!)]);
    }

    private static OperatorVersion Binary(string opType, int since, Func<Tensor, Tensor, Tensor> function)
    {
        return new OperatorVersion(opType, since, _ => (inputs, _) => [function(inputs[0]!, inputs[1]!)]);
    }

    /// <summary>ONNX divides integers as C does, towards zero.</summary>
    private static Tensor Divide(Tensor a, Tensor b) => a.is_floating_point() ? a / b : a.div(b, RoundingMode.trunc);

    private static Kernel CompileDropout(NodeContext c, float? ratio)
    {
        var wantsMask = c.Node.Output.Count > 1;
        return (inputs, mode) =>
        {
            var x = inputs[0]!;
            var probability = ratio ?? inputs[1]!.item<float>();
            var y = mode.Training && probability > 0 ? nn.functional.dropout(x, probability, training: true) : x.alias();
            return wantsMask ? [y, y.ne(0)] : [y];
        };
    }
}
