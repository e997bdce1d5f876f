using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>Values in and out of <see cref="TensorProto"/>, whichever of its fields holds them.</summary>
public static class TensorProtoExtensions
{
    /// <summary>A float32 tensor of shape <paramref name="dims"/>, row-major.</summary>
    public static TensorProto Float(string name, ReadOnlySpan<long> dims, ReadOnlySpan<float> values)
    {
        return Raw(name, DataType.Float, dims, MemoryMarshal.AsBytes(values));
    }

    /// <summary>An int64 tensor of shape <paramref name="dims"/>, row-major; no dims make a scalar.</summary>
    public static TensorProto Int64(string name, ReadOnlySpan<long> dims, ReadOnlySpan<long> values)
    {
        return Raw(name, DataType.Int64, dims, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Number of elements: the product of the dims.</summary>
    /// <exception cref="ModelException">A negative dim, or more than 2³¹ − 1 elements.</exception>
    public static int ElementCount(this TensorProto tensor)
    {
        return TryCount(tensor) ?? throw new ModelException($"Tensor '{tensor.Name}' has the impossible shape [{string.Join(", ", tensor.Dims)}].");
    }

    /// <summary>Bytes per element, or 0 for types that are not whole bytes or not fixed (strings, 4-bit).</summary>
    public static int ElementSize(this DataType type) => type switch
    {
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4,
        DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Complex64 => 8,
        DataType.Complex128 => 16,
        DataType.Float16 or DataType.Bfloat16 or DataType.Int16 or DataType.Uint16 => 2,
        DataType.Uint8 or DataType.Int8 or DataType.Bool or DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz
            or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz or DataType.Float8E8M0 => 1,
        _ => 0,
    };

    /// <summary>The type of the elements.</summary>
    public static DataType ElementType(this TensorProto tensor) => (DataType)tensor.DataType;

    /// <summary>Bytes that <paramref name="count"/> elements take in raw form, or null for strings, which have none. Types below a byte are packed.</summary>
    internal static long? RawSize(this DataType type, long count) => type switch
    {
        DataType.Uint4 or DataType.Int4 or DataType.Float4E2M1 => (count + 1) / 2,
        DataType.Uint2 or DataType.Int2 => (count + 3) / 4,
        _ when type.ElementSize() is var size and > 0 => count * size,
        _ => null,
    };

    /// <summary>
    /// What is wrong with the tensor's data, as the end of a sentence about it, or null: a shape that cannot be, values in two fields, or another number
    /// of values than the shape's. Nothing is copied. Data in another file is not looked at.
    /// </summary>
    internal static string? FindFault(this TensorProto tensor)
    {
        var type = tensor.ElementType();
        if (TryCount(tensor) is not { } count)
        {
            return $"has the impossible shape [{string.Join(", ", tensor.Dims)}]";
        }

        if (tensor.Segment is not null)
        {
            return "is a segment of a tensor, which is not supported";
        }

        (string Name, long Have)[] fields =
        [
            ("float_data", tensor.FloatData.Count), ("int32_data", tensor.Int32Data.Count), ("string_data", tensor.StringData.Count),
            ("int64_data", tensor.Int64Data.Count), ("double_data", tensor.DoubleData.Count), ("uint64_data", tensor.Uint64Data.Count),
            ("raw_data", tensor.RawData.Length),
        ];
        var used = fields.Where(f => f.Have > 0).ToArray();
        if (used.Length + (tensor.DataLocation == TensorProto.Types.DataLocation.External ? 1 : 0) > 1)
        {
            return "has its data at two places";
        }

        if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
        {
            return null;
        }

        var shape = $"{type} [{string.Join(", ", tensor.Dims)}]";
        if (tensor.HasRawData && used is [] or [("raw_data", _)])
        {
            return type.RawSize(count) is not { } needed ? $"is {type}, which has no raw form"
                : needed == tensor.RawData.Length ? null
                : $"has {tensor.RawData.Length} bytes of data, but {shape} needs {needed}";
        }

        var (field, values) = TypedField(type, count);
        var have = fields.First(f => f.Name == field).Have;
        return used is [] or [_] && (used is [] || used[0].Name == field) && have == values ? null
            : $"has {(used is [var (name, some)] ? $"{some} values in {name}" : "no values")}, but {shape} needs {values} in {field}";
    }

    /// <summary>The values as raw little-endian bytes, row-major, whichever field holds them.</summary>
    /// <exception cref="ModelException">The number of values is not that of the shape, or the type has no raw form.</exception>
    public static ReadOnlyMemory<byte> ToBytes(this TensorProto tensor)
    {
        var type = tensor.ElementType();
        if (type.ElementSize() == 0)
        {
            throw new ModelException($"Tensor '{tensor.Name}' of type {type} is not supported.");
        }

        if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
        {
            throw new ModelException($"Tensor '{tensor.Name}' keeps its data in another file, which was not read: load the model from its file.");
        }

        if (tensor.FindFault() is { } fault)
        {
            throw new ModelException($"Tensor '{tensor.Name}' {fault}.");
        }

        return tensor.RawData.Length > 0 || tensor.ElementCount() == 0 ? tensor.RawData.Memory : FromTypedField(tensor, type);
    }

    /// <summary>The values of a float32 tensor.</summary>
    public static float[] ToFloats(this TensorProto tensor) => Read<float>(tensor, DataType.Float);

    /// <summary>The values of an int64 tensor.</summary>
    public static long[] ToInt64s(this TensorProto tensor) => Read<long>(tensor, DataType.Int64);

    /// <summary>Replaces the values of a float32 tensor; their number must be that of the shape.</summary>
    public static void SetFloats(this TensorProto tensor, ReadOnlySpan<float> values)
    {
        if (tensor.ElementType() != DataType.Float || values.Length != tensor.ElementCount())
        {
            throw new ModelException(
                $"Tensor '{tensor.Name}' is {tensor.ElementType()} [{string.Join(", ", tensor.Dims)}]: {values.Length} float values do not fit.");
        }

        tensor.FloatData.Clear();
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Drops the values of a float32 tensor, which keeps its type and shape.</summary>
    internal static void ClearValues(this TensorProto tensor)
    {
        tensor.FloatData.Clear();
        tensor.RawData = ByteString.Empty;
    }

    private static TensorProto Raw(string name, DataType type, ReadOnlySpan<long> dims, ReadOnlySpan<byte> bytes)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        foreach (var dim in dims)
        {
            tensor.Dims.Add(dim);
        }

        return bytes.Length == (long)tensor.ElementCount() * type.ElementSize()
            ? tensor
            : throw new ArgumentException($"'{name}': {bytes.Length / type.ElementSize()} values for shape [{string.Join(", ", tensor.Dims)}].");
    }

    private static T[] Read<T>(TensorProto tensor, DataType type)
        where T : unmanaged
    {
        if (tensor.ElementType() != type)
        {
            throw new ModelException($"Tensor '{tensor.Name}' is {tensor.ElementType()}, but {type} is needed.");
        }

        return MemoryMarshal.Cast<byte, T>(tensor.ToBytes().Span).ToArray();
    }

    private static int? TryCount(TensorProto tensor)
    {
        long count = 1;
        foreach (var dim in tensor.Dims)
        {
            if (dim < 0 || (dim > 0 && count > int.MaxValue / dim))
            {
                return null;
            }

            count *= dim;
        }

        return tensor.Dims.Count > TensorInfo.MaximumRank ? null : (int)count;
    }

    /// <summary>Where the format keeps values of a type that are not raw, and how many entries they take there.</summary>
    private static (string Field, long Values) TypedField(DataType type, int count) => type switch
    {
        DataType.Float => ("float_data", count),
        DataType.Complex64 => ("float_data", 2L * count),
        DataType.Double => ("double_data", count),
        DataType.Complex128 => ("double_data", 2L * count),
        DataType.Int64 => ("int64_data", count),
        DataType.Uint64 or DataType.Uint32 => ("uint64_data", count),
        DataType.String => ("string_data", count),
        // All narrower types, one element each, or one packed byte.
        _ => ("int32_data", type.ElementSize() > 0 ? count : type.RawSize(count)!.Value),
    };

    private static byte[] FromTypedField(TensorProto tensor, DataType type)
    {
        switch (type)
        {
            case DataType.Float or DataType.Complex64:
                return MemoryMarshal.AsBytes(tensor.FloatData.ToArray().AsSpan()).ToArray();
            case DataType.Double or DataType.Complex128:
                return MemoryMarshal.AsBytes(tensor.DoubleData.ToArray().AsSpan()).ToArray();
            case DataType.Int64:
                return MemoryMarshal.AsBytes(tensor.Int64Data.ToArray().AsSpan()).ToArray();
            case DataType.Uint64:
                return MemoryMarshal.AsBytes(tensor.Uint64Data.ToArray().AsSpan()).ToArray();
            case DataType.Uint32:
                return MemoryMarshal.AsBytes(tensor.Uint64Data.Select(v => unchecked((uint)v)).ToArray().AsSpan()).ToArray();
            default:
                // The format keeps all narrower types in int32_data, one element each.
                var size = type.ElementSize();
                var bytes = new byte[tensor.Int32Data.Count * size];
                Span<byte> element = stackalloc byte[4];
                for (var i = 0; i < tensor.Int32Data.Count; i++)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(element, tensor.Int32Data[i]);
                    element[..size].CopyTo(bytes.AsSpan(i * size));
                }

                return bytes;
        }
    }
}
