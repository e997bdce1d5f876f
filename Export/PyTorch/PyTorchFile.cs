using System.Globalization;
using System.IO.Compression;

namespace OneFractal.Export;

/// <summary>
/// PyTorch's files of weights (<c>.pth</c>, <c>.pt</c>, <c>.bin</c>; <c>torch.save</c> since 1.6): a zip archive with a pickle that describes the tensors and a file
/// for the memory of each. Files need not be trusted: nothing in one is executed, and nothing takes more memory than the file has bytes.
/// </summary>
public static class PyTorchFile
{
    private const string Root = "archive/";

    /// <summary>The keys under which training scripts keep the weights beside other things; averaged weights are preferred, as timm prefers them.</summary>
    private static readonly string[] Wrappers = ["state_dict_ema", "model_ema", "state_dict", "model"];

    /// <summary>Writes tensors as a state dict in their order, whole or not at all. The same tensors give the same bytes.</summary>
    /// <exception cref="ModelException">Two tensors have one name, or a type has no form in PyTorch.</exception>
    /// <exception cref="OneFractalException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<TensorProto> tensors)
    {
        TensorProto[] all = [.. tensors];
        if (all.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ModelException($"Two tensors are called '{twice.Key}'.");
        }

        var pickle = StateDictPickler.Write(all);
        AtomicFile.Write(path, stream =>
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            Add(archive, "data.pkl", pickle);
            Add(archive, "byteorder", "little"u8);
            for (var i = 0; i < all.Length; i++)
            {
                Add(archive, string.Create(CultureInfo.InvariantCulture, $"data/{i}"), all[i].ToBytes().Span);
            }

            Add(archive, "version", "3\n"u8);
        });
    }

    /// <summary>
    /// Reads the tensors of a state dict, or of the one that a checkpoint keeps under <c>state_dict_ema</c>, <c>model_ema</c>, <c>state_dict</c> or <c>model</c>,
    /// in their order. Views come out row-major.
    /// </summary>
    /// <exception cref="ModelException">The file is missing, damaged, of another format, or holds what weights do not need.</exception>
    public static IReadOnlyList<TensorProto> Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var archive = PyTorchArchive.Open(stream);
            return [.. StateDict(archive.ReadPickle()).Select(t => archive.Read(t.Name, t.Tensor))];
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or EndOfStreamException or ArgumentException or OverflowException or NotSupportedException
            or InvalidOperationException or IndexOutOfRangeException or ModelException)
        {
            throw new ModelException($"'{path}' is not a file of PyTorch weights, or is damaged ({e.Message.Split('\n')[0].TrimEnd('.')}).", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            throw new ModelException($"Cannot read '{path}': {e.Message}", e);
        }
    }

    private static IEnumerable<(string Name, PickledTensor Tensor)> StateDict(object? pickled)
    {
        if (pickled is not PickledDictionary dictionary)
        {
            throw new FormatException("it holds no state dict: save one, with torch.save(model.state_dict(), ...)");
        }

        var weights = Wrappers.Select(dictionary.Find).OfType<PickledDictionary>().FirstOrDefault() ?? dictionary;
        var names = new HashSet<string>();
        foreach (var (key, value) in weights.Items)
        {
            yield return (key, value) is (string name, PickledTensor tensor) && names.Add(name)
                ? (name, tensor)
                : throw new FormatException($"'{key}' is there twice, or is no tensor: save the weights alone, with torch.save(model.state_dict(), ...)");
        }
    }

    private static void Add(ZipArchive archive, string name, ReadOnlySpan<byte> content)
    {
        // Stored as they are, which PyTorch expects; the oldest date of the format, so that the bytes do not depend on the day.
        var entry = archive.CreateEntry(Root + name, CompressionLevel.NoCompression);
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var stream = entry.Open();
        stream.Write(content);
    }
}
