using System.IO.Compression;
using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>The zip archive of a PyTorch file: its pickle, and the storages that the pickle refers to.</summary>
internal sealed class PyTorchArchive : IDisposable
{
    private const int MaximumPickle = 8 << 20;
    private const string PickleName = "data.pkl";

    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries;
    private readonly string _root;
    private readonly Dictionary<string, byte[]> _storages = [];
    private long _copiesLeft;

    private PyTorchArchive(ZipArchive zip, long fileLength)
    {
        _zip = zip;
        _copiesLeft = fileLength;
        _entries = zip.Entries.ToDictionary(e => e.FullName);
        var pickle = _entries.Keys.FirstOrDefault(n => n == PickleName || n.EndsWith("/" + PickleName, StringComparison.Ordinal))
            ?? throw new FormatException("it is a zip archive without data.pkl");
        _root = pickle[..^PickleName.Length];
        // PyTorch does not compress, so what is in the archive is no larger than it; a zip bomb is.
        if (zip.Entries.Any(e => e.Length < 0 || e.Length > fileLength) || zip.Entries.Sum(e => e.Length) > fileLength)
        {
            throw new FormatException("its contents are larger than the file, which torch.save does not do");
        }

        if (_entries.ContainsKey(_root + "constants.pkl"))
        {
            throw new FormatException("it is a TorchScript program: save the weights alone, with torch.save(model.state_dict(), ...)");
        }

        if (_entries.TryGetValue(_root + "byteorder", out var order) && !Bytes(order).AsSpan().SequenceEqual("little"u8))
        {
            throw new FormatException("it was written on a big-endian machine");
        }
    }

    /// <exception cref="FormatException">It is no such archive. Other exceptions of System.IO.Compression are possible too.</exception>
    public static PyTorchArchive Open(Stream stream)
    {
        Span<byte> start = stackalloc byte[4];
        stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (!start.SequenceEqual("PK\x03\x04"u8))
        {
            throw new FormatException(start is [0x80, ..]
                ? "it is of PyTorch before 1.6: load it there and save it again"
                : "it does not begin as a zip archive does");
        }

        stream.Position = 0;
        return new PyTorchArchive(new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true), stream.Length);
    }

    /// <summary>What the file describes, without the values of tensors.</summary>
    public object? ReadPickle()
    {
        var entry = _entries[_root + PickleName];
        return entry.Length <= MaximumPickle
            ? new StateDictUnpickler(Bytes(entry)).Read()
            : throw new FormatException($"its {PickleName} of {entry.Length} bytes is larger than weights need");
    }

    /// <summary>A tensor with its values, row-major. A contiguous one shares the memory of its storage.</summary>
    /// <exception cref="FormatException">It reaches beyond its storage, or the storage is not in the archive.</exception>
    public TensorProto Read(string name, PickledTensor view)
    {
        var (type, rank) = (view.Storage.Type, view.Size.Length);
        var tensor = new TensorProto { Name = name, DataType = (int)type };
        tensor.Dims.AddRange(view.Size);
        var (count, size) = (tensor.ElementCount(), type.ElementSize());
        if (view.Stride.Length != rank || view.Stride.Any(s => s < 0))
        {
            throw new FormatException($"tensor '{name}' [{string.Join(", ", view.Size)}] has the strides [{string.Join(", ", view.Stride)}]");
        }

        var storage = Load(view.Storage, size);
        var last = view.Offset;
        for (var i = 0; i < rank && count > 0; i++)
        {
            last += (view.Size[i] - 1) * view.Stride[i];
        }

        if (count > 0 && (view.Offset < 0 || last >= view.Storage.Length))
        {
            throw new FormatException($"tensor '{name}' [{string.Join(", ", view.Size)}] reaches beyond its storage of {view.Storage.Length} elements");
        }

        var values = count == 0 ? default : IsContiguous(view) ? storage.AsMemory((int)view.Offset * size, count * size) : Gather(name, view, storage, count, size);
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(values);
        return tensor;
    }

    /// <inheritdoc />
    public void Dispose() => _zip.Dispose();

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        var bytes = GC.AllocateUninitializedArray<byte>((int)entry.Length);
        using var stream = entry.Open();
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static bool IsContiguous(PickledTensor view)
    {
        long expected = 1;
        for (var i = view.Size.Length - 1; i >= 0; i--)
        {
            if (view.Size[i] != 1 && view.Stride[i] != expected)
            {
                return false;
            }

            expected *= view.Size[i];
        }

        return true;
    }

    private byte[] Load(PickledStorage storage, int elementSize)
    {
        if (!_storages.TryGetValue(storage.Key, out var bytes))
        {
            bytes = _entries.TryGetValue($"{_root}data/{storage.Key}", out var entry)
                ? Bytes(entry)
                : throw new FormatException($"storage '{storage.Key}' is not in the archive");
            _storages[storage.Key] = bytes;
        }

        return bytes.Length == storage.Length * elementSize
            ? bytes
            : throw new FormatException($"storage '{storage.Key}' has {bytes.Length} bytes, but {storage.Type} × {storage.Length} is asked of it");
    }

    /// <summary>Copies a transposed, strided or expanded view.</summary>
    private byte[] Gather(string name, PickledTensor view, byte[] storage, int count, int size)
    {
        // A small file can describe huge views of few values; together they may be as large as the file, which no real weights exceed.
        _copiesLeft -= (long)count * size;
        if (_copiesLeft < 0)
        {
            throw new FormatException($"tensor '{name}' [{string.Join(", ", view.Size)}] repeats the values of its storage more often than weights do");
        }

        var bytes = new byte[count * size];
        var index = new long[view.Size.Length];
        var from = view.Offset;
        for (var to = 0; to < bytes.Length; to += size)
        {
            storage.AsSpan((int)from * size, size).CopyTo(bytes.AsSpan(to));
            for (var axis = index.Length - 1; axis >= 0; axis--)
            {
                from += view.Stride[axis];
                if (++index[axis] < view.Size[axis])
                {
                    break;
                }

                from -= view.Stride[axis] * view.Size[axis];
                index[axis] = 0;
            }
        }

        return bytes;
    }
}
