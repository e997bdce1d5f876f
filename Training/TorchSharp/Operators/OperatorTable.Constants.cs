using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Constants() =>
    [
        new("ConstantOfShape", 9, c =>
        {
            var shape = c.Integers(0)!;
            using var value = c.Node.Find("value") is { } attribute ? TensorConversion.ToTorch(attribute.T) : zeros(1);
            var scalar = value.ToScalar();
            var type = value.dtype;
            // Integers are shapes, which stay on the host.
            return (inputs, mode) => [full(shape(inputs), scalar, dtype: type, device: type == ScalarType.Int64 ? CPU : mode.Device)];
        }),
    ];
}
