using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Constants() =>
    [
        new("Constant", 1, CompileConstant),
        new("ConstantOfShape", 9, c =>
        {
            var shape = c.Integers(0)!;
            using var value = c.TensorValue("value") is { } proto ? TensorConversion.ToTorch(proto) : zeros(1);
            var scalar = value.ToScalar();
            var type = value.dtype;
            return (inputs, mode) => [full(SizeLimit.Require(shape(inputs)), scalar, dtype: type, device: Place(type, mode))];
        }),
        new("Range", 11, CompileRange),
        new("EyeLike", 9, CompileEyeLike),
    ];

    /// <summary>Integers are shapes, which stay on the host.</summary>
    private static Device Place(ScalarType type, ExecutionMode mode) => type is ScalarType.Int64 or ScalarType.Int32 ? CPU : mode.Device;

    private static Kernel CompileConstant(NodeContext c)
    {
        if (c.Node.Attribute is not [var attribute])
        {
            throw c.Error("needs exactly one attribute that holds its value");
        }

        var host = attribute.Name switch
        {
            "value" => TensorConversion.ToTorch(c.TensorValue("value")!),
            "value_float" => tensor(c.Float("value_float", 0)),
            "value_int" => tensor(c.Int("value_int", 0)),
            "value_floats" => tensor(c.Floats("value_floats")!),
            "value_ints" => tensor(c.Ints("value_ints")!),
            _ => throw c.Error($"its value '{attribute.Name}' is not supported"),
        };
        var value = host.DetachFromDisposeScope();
        return (_, mode) =>
        {
            var place = Place(value.dtype, mode);
            if (value.device_type != place.type)
            {
                value = value.to(place).DetachFromDisposeScope();
            }

            return [value.alias()];
        };
    }

    private static Kernel CompileRange(NodeContext c)
    {
        var (start, limit, delta) = (c.Numbers(0)!, c.Numbers(1)!, c.Numbers(2)!);
        return (inputs, mode) =>
        {
            var type = inputs[0]!.dtype;
            var (from, to, step) = (start(inputs)[0], limit(inputs)[0], delta(inputs)[0]);
            var count = Math.Max(0, (long)Math.Ceiling((to - from) / step));
            SizeLimit.Require(count);
            using var steps = arange(count, dtype: type is ScalarType.Float32 ? ScalarType.Float64 : type, device: Place(type, mode));
            using var scaled = steps * (type is ScalarType.Float32 or ScalarType.Float64 ? (Scalar)step : (long)step);
            using var moved = scaled + (type is ScalarType.Float32 or ScalarType.Float64 ? (Scalar)from : (long)from);
            return [moved.to(type, copy: true)];
        };
    }

    private static Kernel CompileEyeLike(NodeContext c)
    {
        var (k, type) = (c.Int("k", 0), c.Type("dtype"));
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var rows = arange(x.shape[0], dtype: ScalarType.Int64, device: x.device).unsqueeze(1) + k;
            return [(rows == arange(x.shape[1], dtype: ScalarType.Int64, device: x.device)).to(type ?? x.dtype)];
        });
    }
}
