using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>Tensors of a model file to torch and back.</summary>
internal static class TensorConversion
{
    private static readonly (DataType Onnx, ScalarType Torch)[] Types =
    [
        (DataType.Float, ScalarType.Float32), (DataType.Double, ScalarType.Float64), (DataType.Float16, ScalarType.Float16),
        (DataType.Bfloat16, ScalarType.BFloat16), (DataType.Int64, ScalarType.Int64), (DataType.Int32, ScalarType.Int32),
        (DataType.Int16, ScalarType.Int16), (DataType.Int8, ScalarType.Int8), (DataType.Uint8, ScalarType.Byte), (DataType.Bool, ScalarType.Bool),
    ];

    /// <summary>torch's type of that name, or null where it has none.</summary>
    public static ScalarType? TypeOf(DataType type)
    {
        var index = Array.FindIndex(Types, t => t.Onnx == type);
        return index < 0 ? null : Types[index].Torch;
    }

    /// <summary>A torch tensor on the CPU with the same type, shape and values.</summary>
    /// <exception cref="ModelException">torch has no such type.</exception>
    public static Tensor ToTorch(TensorProto proto)
    {
        var type = TypeOf(proto.ElementType())
            ?? throw new ModelException($"Tensor '{proto.Name}' has the type {proto.ElementType()}, which TorchSharp does not compute with.");
        var result = empty([.. proto.Dims], dtype: type);
        proto.ToBytes().Span.CopyTo(result.bytes);
        return result;
    }

    /// <summary>A float32 tensor proto with the values of <paramref name="tensor"/>, from any device.</summary>
    public static TensorProto ToProto(string name, Tensor tensor)
    {
        using var detached = tensor.detach();
        using var host = detached.cpu();
        using var contiguous = host.contiguous();
        return TensorProtoExtensions.Float(name, contiguous.shape, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(contiguous.bytes));
    }
}
