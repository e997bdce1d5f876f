using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;

namespace OneFractal.Export;

/// <summary>
/// The safetensors format: 8 bytes header length, a JSON header that names each tensor's type, shape and byte range, then the data.
/// Readable from PyTorch, and safe to read from anyone.
/// </summary>
public static class SafeTensorsFile
{
    private const int MaximumHeader = 1 << 25;

    private static readonly (DataType Type, string Name)[] Types =
    [
        (DataType.Float, "F32"), (DataType.Double, "F64"), (DataType.Float16, "F16"), (DataType.Bfloat16, "BF16"), (DataType.Int64, "I64"),
        (DataType.Int32, "I32"), (DataType.Int16, "I16"), (DataType.Int8, "I8"), (DataType.Uint8, "U8"), (DataType.Bool, "BOOL"),
    ];

    /// <summary>Writes tensors under their names, whole or not at all.</summary>
    /// <exception cref="ModelException">Two tensors have one name, or a type has no safetensors form.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<TensorProto> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var header = new JsonObject();
        if (metadata is { Count: > 0 })
        {
            header["__metadata__"] = new JsonObject(metadata.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)JsonValue.Create(e.Value))));
        }

        long offset = 0;
        var data = new List<ReadOnlyMemory<byte>>();
        foreach (var tensor in tensors)
        {
            var type = Types.FirstOrDefault(t => t.Type == tensor.ElementType()).Name
                ?? throw new ModelException($"Tensor '{tensor.Name}' of type {tensor.ElementType()} has no safetensors form.");
            if (header.ContainsKey(tensor.Name))
            {
                throw new ModelException($"Two tensors are called '{tensor.Name}'.");
            }

            var bytes = tensor.ToBytes();
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. tensor.Dims.Select(d => JsonValue.Create(d))]),
                ["data_offsets"] = new JsonArray(offset, offset += bytes.Length),
            };
            data.Add(bytes);
        }

        // Padded with spaces, so that the data is aligned to 8 bytes.
        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var padded = (json.Length + 7) / 8 * 8;
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, padded);
            stream.Write(length);
            stream.Write(json);
            stream.Write("        "u8[..(padded - json.Length)]);
            foreach (var bytes in data)
            {
                stream.Write(bytes.Span);
            }
        });
    }

    /// <summary>Reads all tensors and the metadata of a file, which need not be trusted.</summary>
    /// <exception cref="ModelException">The file is missing or truncated, or its ranges overlap or do not fit its shapes.</exception>
    public static (IReadOnlyDictionary<string, TensorProto> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path);
            return Read(handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or OutOfMemoryException)
        {
            throw new ModelException($"Cannot read '{path}': {e.Message}", e);
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or NullReferenceException or ArgumentException
            or ModelException)
        {
            throw new ModelException($"'{path}' is not a safetensors file, or is damaged ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
    }

    private static (IReadOnlyDictionary<string, TensorProto> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(SafeFileHandle handle)
    {
        var size = RandomAccess.GetLength(handle);
        var length = size < 8 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(ReadBytes(handle, 0, 8));
        if (length is < 2 or > MaximumHeader || length > size - 8)
        {
            throw new FormatException("the header length does not fit the file");
        }

        var header = JsonNode.Parse(ReadBytes(handle, 8, length), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false })!.AsObject();
        var metadata = header["__metadata__"]?.AsObject().ToDictionary(e => e.Key, e => e.Value!.GetValue<string>()) ?? [];
        var start = 8 + length;
        var entries = header.Where(e => e.Key != "__metadata__").Select(e => Entry.Parse(e.Key, e.Value!)).OrderBy(e => e.Begin).ThenBy(e => e.End).ToArray();
        long end = 0;
        foreach (var entry in entries)
        {
            if (entry.Begin != end || entry.End > size - start)
            {
                throw new FormatException(
                    $"tensor '{entry.Tensor.Name}' has the bytes {entry.Begin} to {entry.End} of {size - start}, which are not in the file or not right after the tensor before");
            }

            end = entry.End;
        }

        if (end != size - start)
        {
            throw new FormatException($"it has {size - start} bytes of data, but tensors of {end}");
        }

        foreach (var entry in entries)
        {
            entry.Tensor.RawData = UnsafeByteOperations.UnsafeWrap(ReadBytes(handle, start + entry.Begin, entry.End - entry.Begin));
        }

        return (entries.ToDictionary(e => e.Tensor.Name, e => e.Tensor), metadata);
    }

    private static byte[] ReadBytes(SafeFileHandle handle, long offset, long length)
    {
        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        for (var done = 0; done < bytes.Length;)
        {
            var count = RandomAccess.Read(handle, bytes.AsSpan(done), offset + done);
            done += count > 0 ? count : throw new FormatException("it became shorter while it was read");
        }

        return bytes;
    }

    /// <summary>A tensor without its data, and where that is.</summary>
    private readonly record struct Entry(TensorProto Tensor, long Begin, long End)
    {
        public static Entry Parse(string name, JsonNode json)
        {
            var dtype = json["dtype"]!.GetValue<string>();
            var match = Types.FirstOrDefault(t => t.Name == dtype);
            var offsets = json["data_offsets"]!.AsArray().Select(v => v!.GetValue<long>()).ToArray();
            if (match.Name is null || offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0])
            {
                throw new FormatException($"tensor '{name}' has the type {dtype} or a range that cannot be");
            }

            var tensor = new TensorProto { Name = name, DataType = (int)match.Type };
            tensor.Dims.AddRange(json["shape"]!.AsArray().Select(v => v!.GetValue<long>()));
            var bytes = offsets[1] - offsets[0];
            return bytes == (long)tensor.ElementCount() * match.Type.ElementSize() && bytes <= Array.MaxLength
                ? new Entry(tensor, offsets[0], offsets[1])
                : throw new FormatException($"tensor '{name}' has {bytes} bytes for shape [{string.Join(", ", tensor.Dims)}]");
        }
    }
}
