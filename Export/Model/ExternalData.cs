using System.Globalization;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;

namespace OneFractal.Export;

/// <summary>
/// Brings in the tensors that a model file keeps in other files beside it. The file is not trusted: it names only regular files in its own folder,
/// symbolic links followed, and only ranges that are as long as its tensors and that exist.
/// </summary>
internal sealed class ExternalData
{
    private const string Location = "location";
    private readonly string _model;
    private readonly string _folder;
    private readonly Dictionary<Place, ByteString> _read = [];

    private ExternalData(string model)
    {
        _model = model;
        _folder = RealPath.Of(Path.GetDirectoryName(Path.GetFullPath(model))!);
    }

    /// <summary>Reads every external tensor of the model into the message.</summary>
    /// <exception cref="ModelException">A file or range that may not or cannot be read.</exception>
    public static void Load(ModelProto proto, string path)
    {
        var tensors = External(proto);
        if (tensors.Length == 0)
        {
            return;
        }

        try
        {
            new ExternalData(path).Load(tensors);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            throw new ModelException($"Cannot read the external data of '{path}': {e.Message}", e);
        }
    }

    /// <summary>The files that the tensors of a message are said to be in.</summary>
    public static IReadOnlyList<string> Files(ModelProto proto)
    {
        return [.. External(proto).SelectMany(t => t.ExternalData).Where(e => e.Key == Location).Select(e => e.Value).Distinct()];
    }

    private static TensorProto[] External(ModelProto proto)
    {
        return [.. (proto.Graph?.Tensors() ?? []).Where(t => t.DataLocation == TensorProto.Types.DataLocation.External)];
    }

    private void Load(TensorProto[] tensors)
    {
        // All is checked before anything is read, and two tensors at one place (tied weights) are read once.
        var ranges = tensors.Select(Locate).ToArray();
        foreach (var file in ranges.Distinct().GroupBy(r => r.File))
        {
            Read(file);
        }

        foreach (var (tensor, range) in tensors.Zip(ranges))
        {
            tensor.RawData = _read[range];
            tensor.ExternalData.Clear();
            tensor.ClearDataLocation();
        }
    }

    private void Read(IGrouping<string, Place> file)
    {
        var needed = file.Sum(r => r.Length);
        if (needed == 0)
        {
            foreach (var range in file)
            {
                _read[range] = ByteString.Empty;
            }

            return;
        }

        // Pipes and devices have no length, so they end here, unopened.
        var length = File.Exists(file.Key) ? new FileInfo(file.Key).Length : throw new ModelException($"'{_model}': its data file '{file.Key}' does not exist.");
        if (file.FirstOrDefault(r => r.Offset > length || r.Length > length - r.Offset) is { File: not null } beyond)
        {
            throw new ModelException($"'{_model}': it asks for bytes {beyond.Offset} to {beyond.Offset + (Int128)beyond.Length} of '{file.Key}', which has {length}.");
        }

        // A small file that is read again and again would fill the memory.
        if (needed > length)
        {
            throw new ModelException($"'{_model}': its tensors overlap in '{file.Key}'.");
        }

        if (needed > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)
        {
            throw new ModelException($"'{_model}': its data in '{file.Key}' takes {needed >> 20} MiB, more than this machine's memory.");
        }

        using var handle = File.OpenHandle(file.Key, options: FileOptions.SequentialScan);
        foreach (var range in file.OrderBy(r => r.Offset))
        {
            _read[range] = Read(handle, range);
        }
    }

    private ByteString Read(SafeFileHandle handle, Place range)
    {
        var bytes = GC.AllocateUninitializedArray<byte>((int)range.Length);
        for (var done = 0; done < bytes.Length;)
        {
            var count = RandomAccess.Read(handle, bytes.AsSpan(done), range.Offset + done);
            done += count > 0 ? count : throw new ModelException($"'{_model}': '{range.File}' became shorter while it was read.");
        }

        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private Place Locate(TensorProto tensor)
    {
        ModelException Error(string problem) => new($"'{_model}': the external data of tensor '{tensor.Name}' {problem}.");

        var entries = new Dictionary<string, string>();
        if (tensor.ExternalData.Any(e => !entries.TryAdd(e.Key, e.Value)))
        {
            throw Error("is described twice");
        }

        long? Number(string key)
        {
            return !entries.TryGetValue(key, out var text) ? null
                : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                : throw Error($"has the {key} '{text}', which is not a number from 0 on");
        }

        if (tensor.FindFault() is { } fault)
        {
            throw new ModelException($"'{_model}': tensor '{tensor.Name}' {fault}.");
        }

        var needed = tensor.ElementType().RawSize(tensor.ElementCount()) ?? throw Error($"is {tensor.ElementType()}, which has no raw form");
        var length = Number("length") ?? needed;
        if (length != needed)
        {
            throw Error($"has {length} bytes, but {tensor.ElementType()} [{string.Join(", ", tensor.Dims)}] needs {needed}");
        }

        if (needed > Array.MaxLength)
        {
            throw Error($"has {needed} bytes; {Array.MaxLength} are the most");
        }

        return new Place(Resolve(entries.GetValueOrDefault(Location, ""), Error), Number("offset") ?? 0, length);
    }

    private string Resolve(string location, Func<string, ModelException> error)
    {
        // What is absolute or goes up on any system is refused on every system.
        if (location.Length == 0 || location[0] == '/' || location.AsSpan().ContainsAny('\\', ':', '\0') || location.Split('/').Contains(".."))
        {
            throw error($"is said to be in '{location}', which is not a file in the model's folder");
        }

        var path = RealPath.Of(Path.Combine(_folder, location));
        return path.StartsWith(Path.EndsInDirectorySeparator(_folder) ? _folder : _folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw error($"is in '{location}', a link that leaves the model's folder: put the file itself beside the model");
    }

    private readonly record struct Place(string File, long Offset, long Length);
}
