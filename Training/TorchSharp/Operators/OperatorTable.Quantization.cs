using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Quantization() =>
    [
        new("QuantizeLinear", 10, CompileQuantize),
        new("DequantizeLinear", 10, CompileDequantize),
        new("DynamicQuantizeLinear", 11, _ => Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var (low, high) = (x.min().clamp_max(0), x.max().clamp_min(0));
            var scale = (high - low) / 255;
            // All zeros have no scale of their own; any will do.
            var divisor = where(scale > 0, scale, ones_like(scale));
            var zero = (-low / divisor).round().clamp(0, 255);
            return [Saturate((x / divisor).round() + zero, ScalarType.Byte), scale, zero.to(ScalarType.Byte)];
        })),
        new("MatMulInteger", 10, _ => Scoped((inputs, _) =>
        [
            MatrixProduct.Of(Centre(inputs[0]!, Rows(Optional(inputs, 2))), Centre(inputs[1]!, Optional(inputs, 3))).to(ScalarType.Int32),
        ])),
        new("ConvInteger", 10, c =>
        {
            var convolve = CompileConv(c);
            return Scoped((inputs, mode) =>
            [
                convolve([Centre(inputs[0]!, Optional(inputs, 2)), Centre(inputs[1]!, Filters(Optional(inputs, 3), inputs[1]!))], mode)[0].to(ScalarType.Int32),
            ]);
        }),
        new("QLinearMatMul", 10, _ => Scoped((inputs, _) =>
        {
            var product = MatrixProduct.Of(Centre(inputs[0]!, Rows(inputs[2])), Centre(inputs[3]!, inputs[5]));
            return [Requantize(product, Rows(inputs[1])! * inputs[4]!, inputs[6]!, inputs[7]!)];
        })),
        new("QLinearConv", 10, c =>
        {
            var convolve = CompileConv(c, weight: 3);
            return Scoped((inputs, mode) =>
            {
                var sums = convolve(
                    [Centre(inputs[0]!, inputs[2]), Centre(inputs[3]!, Filters(inputs[5], inputs[3]!)), Optional(inputs, 8)?.to(ScalarType.Float64)], mode)[0];
                var scale = inputs[4]!.reshape([-1, .. Enumerable.Repeat(1L, (int)sums.Dimensions - 2)]);
                return [Requantize(sums, inputs[1]! * scale, inputs[6]!, inputs[7]!)];
            });
        }),
    ];

    /// <summary>Integers less their zero point, as float64, which holds sums of their products exactly.</summary>
    private static Tensor Centre(Tensor x, Tensor? zero)
    {
        var wide = x.to(ScalarType.Float64);
        return zero is null ? wide : wide - zero.to(ScalarType.Float64);
    }

    /// <summary>A number a row, for the left factor.</summary>
    private static Tensor? Rows(Tensor? perRow) => perRow is { Dimensions: 1 } && perRow.shape[0] > 1 ? perRow.unsqueeze(-1) : perRow;

    /// <summary>A number a filter, for a weight.</summary>
    private static Tensor? Filters(Tensor? perFilter, Tensor weight)
    {
        return perFilter is { Dimensions: 1 } && perFilter.shape[0] > 1 ? perFilter.reshape([-1, .. Enumerable.Repeat(1L, (int)weight.Dimensions - 1)]) : perFilter;
    }

    private static Tensor Requantize(Tensor sums, Tensor scale, Tensor outputScale, Tensor outputZero)
    {
        var factor = scale.to(ScalarType.Float64) / outputScale.to(ScalarType.Float64);
        return Saturate((sums * factor).round() + outputZero.to(ScalarType.Float64), outputZero.dtype);
    }

    private static Tensor Saturate(Tensor x, ScalarType type)
    {
        var (low, high) = type == ScalarType.Byte ? (0, 255) : (-128, 127);
        return x.clamp(low, high).to(type);
    }

    private static Kernel CompileQuantize(NodeContext c)
    {
        var (axis, block) = (c.Int("axis", 1), c.Int("block_size", 0));
        c.Ignore("saturate", "precision");
        var type = c.Type("output_dtype") ?? (c.Info(2) is { } zero ? TensorConversion.TypeOf(zero.Type) : ScalarType.Byte);
        if (type is not (ScalarType.Byte or ScalarType.Int8))
        {
            throw c.Error("quantises to a type other than int8 and uint8, which is not supported");
        }

        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var scaled = (x / Along(inputs[1]!, x, axis, block)).round();
            var shifted = Optional(inputs, 2) is { } z ? scaled + Along(z, x, axis, block) : scaled;
            return [Saturate(shifted, type.Value)];
        });
    }

    private static Kernel CompileDequantize(NodeContext c)
    {
        var (axis, block, type) = (c.Int("axis", 1), c.Int("block_size", 0), c.Type("output_dtype"));
        return Scoped((inputs, _) =>
        {
            var (x, scale) = (inputs[0]!, inputs[1]!);
            var centred = x.to(ScalarType.Float64);
            if (Optional(inputs, 2) is { } zero)
            {
                centred -= Along(zero, x, axis, block);
            }

            return [centred.to(scale.dtype) * Along(scale, x, axis, block) is var y && type is { } t ? y.to(t, copy: true) : y];
        });
    }

    /// <summary>One number, or one for each element or block of an axis, so that it broadcasts with <paramref name="x"/>.</summary>
    private static Tensor Along(Tensor parameter, Tensor x, long axis, long block)
    {
        if (block > 0)
        {
            var dim = Positive(axis, x.Dimensions);
            return parameter.repeat_interleave(block, dim).narrow(dim, 0, x.shape[dim]);
        }

        if (parameter.numel() == 1)
        {
            return parameter.reshape([]);
        }

        var shape = Enumerable.Repeat(1L, (int)x.Dimensions).ToArray();
        shape[Positive(axis, x.Dimensions)] = -1;
        return parameter.reshape(shape);
    }
}
