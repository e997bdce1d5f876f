using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Logic() =>
    [
        Binary("Equal", 7, (a, b) => a.eq(b)),
        Binary("Less", 7, (a, b) => a.lt(b)),
        Binary("Greater", 7, (a, b) => a.gt(b)),
        Binary("LessOrEqual", 12, (a, b) => a.le(b)),
        Binary("GreaterOrEqual", 12, (a, b) => a.ge(b)),
        Binary("And", 7, (a, b) => a.logical_and(b)),
        Binary("Or", 7, (a, b) => a.logical_or(b)),
        Binary("Xor", 7, (a, b) => a.logical_xor(b)),
        Unary("Not", 1, x => x.logical_not()),
        new("Where", 9, _ => (inputs, _) => [where(inputs[0]!, inputs[1]!, inputs[2]!)]),
        Unary("Identity", 1, x => x.alias()),
        new("Cast", 6, CompileCast),
        new("CastLike", 15, c =>
        {
            c.Ignore("saturate", "round_mode");
            return (inputs, _) => [inputs[0]!.to(inputs[1]!.dtype, copy: true)];
        }),
    ];

    private static Kernel CompileCast(NodeContext c)
    {
        var type = c.Type("to") ?? throw c.Error("does not say what to cast to");
        // These are about eight-bit floating-point numbers.
        c.Ignore("saturate", "round_mode");
        return (inputs, mode) =>
        {
            var x = inputs[0]!;
            if (x.dtype == type)
            {
                return [x.alias()];
            }

            // What was a shape on the host is a number of the network from here on.
            return [type is ScalarType.Int64 or ScalarType.Int32 || mode.Device.type == TorchSharp.DeviceType.CPU ? x.to(type) : x.to(type, mode.Device)];
        };
    }
}
