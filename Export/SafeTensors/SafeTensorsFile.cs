using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>
/// The safetensors format: 8 bytes header length, a JSON header that names each tensor's type, shape and byte range, then the data.
/// Readable from PyTorch, and safe to read from anyone.
/// </summary>
public static class SafeTensorsFile
{
    private const int MaximumHeader = 100_000_000;

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

    /// <summary>Reads all tensors and the metadata.</summary>
    /// <exception cref="ModelException">The file is missing, truncated, or its ranges do not fit its shapes.</exception>
    public static (IReadOnlyDictionary<string, TensorProto> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"Cannot read '{path}': {e.Message}", e);
        }

        try
        {
            var length = file.Length < 8 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(file);
            if (length is < 2 or > MaximumHeader || length > file.Length - 8)
            {
                throw new FormatException("the header length does not fit the file");
            }

            var data = file.AsMemory(8 + (int)length);
            var header = JsonNode.Parse(file.AsSpan(8, (int)length))!.AsObject();
            var metadata = header["__metadata__"]?.AsObject().ToDictionary(e => e.Key, e => e.Value!.GetValue<string>()) ?? [];
            var tensors = header.Where(e => e.Key != "__metadata__").ToDictionary(e => e.Key, e => ReadTensor(e.Key, e.Value!, data));
            return (tensors, metadata);
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or NullReferenceException or ArgumentException
            or ModelException)
        {
            throw new ModelException($"'{path}' is not a safetensors file, or is damaged ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
    }

    private static TensorProto ReadTensor(string name, JsonNode entry, ReadOnlyMemory<byte> data)
    {
        var dtype = entry["dtype"]!.GetValue<string>();
        var match = Types.FirstOrDefault(t => t.Name == dtype);
        var offsets = entry["data_offsets"]!.AsArray().Select(v => v!.GetValue<long>()).ToArray();
        if (match.Name is null || offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > data.Length)
        {
            throw new FormatException($"tensor '{name}' has the type {dtype} or a range that is not in the file");
        }

        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)match.Type,
            RawData = UnsafeByteOperations.UnsafeWrap(data[(int)offsets[0]..(int)offsets[1]]),
        };
        tensor.Dims.AddRange(entry["shape"]!.AsArray().Select(v => v!.GetValue<long>()));
        return offsets[1] - offsets[0] == (long)tensor.ElementCount() * match.Type.ElementSize()
            ? tensor
            : throw new FormatException($"tensor '{name}' has {offsets[1] - offsets[0]} bytes for shape [{string.Join(", ", tensor.Dims)}]");
    }
}
