using OpenCvSharp;

namespace OneFractal.Data.Readers;

/// <summary>CIFAR-10 or CIFAR-100 in its authors' binary version (32×32 colour images), held in memory.</summary>
public sealed class CifarDataset : IImageDataset
{
    private const int Side = 32;
    private const int Plane = Side * Side;
    private const int ImageLength = 3 * Plane;

    private static readonly string[] Cifar10Train = [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin")];

    private readonly (string Path, byte[] Records)[] _files;
    private readonly int[] _firstIndex;
    private readonly int _labelLength;

    private CifarDataset(string folder, IReadOnlyList<string> names, int labelLength, IReadOnlyList<string> classNames)
    {
        _labelLength = labelLength;
        ClassNames = classNames;
        _files = [.. names.Select(name => Read(Path.Combine(folder, name)))];
        _firstIndex = new int[_files.Length];
        foreach (var (i, (path, records)) in _files.Index())
        {
            _firstIndex[i] = Count;
            Count += records.Length / RecordLength;
            for (var at = labelLength - 1; at < records.Length; at += RecordLength)
            {
                if (records[at] >= classNames.Count)
                {
                    throw new DataException($"CIFAR file '{path}' has label {records[at]}, but there are only {classNames.Count} classes: fetch it again.");
                }
            }
        }
    }

    /// <inheritdoc />
    public int Count { get; }

    /// <inheritdoc />
    public IReadOnlyList<string> ClassNames { get; }

    private int RecordLength => _labelLength + ImageLength;

    /// <summary>True when <paramref name="folder"/> holds the files of either set.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, "test_batch.bin")) || File.Exists(Path.Combine(folder, "test.bin"));

    /// <summary>Opens the training or test images in <paramref name="folder"/>; CIFAR-100 by its 100 fine labels.</summary>
    /// <exception cref="DataException">A file is missing or damaged, or a validation split is asked for.</exception>
    public static CifarDataset Open(string folder, DatasetSplit split)
    {
        if (split == DatasetSplit.Validation)
        {
            throw new DataException($"CIFAR in '{folder}' has no validation split: hold some training images out, or use the test split.");
        }

        if (File.Exists(Path.Combine(folder, "test_batch.bin")))
        {
            var files = split == DatasetSplit.Train ? Cifar10Train : ["test_batch.bin"];
            return new CifarDataset(folder, files, 1, ReadNames(Path.Combine(folder, "batches.meta.txt"), 10));
        }

        // A record of CIFAR-100 has the coarse label before the fine one.
        var file = split == DatasetSplit.Train ? "train.bin" : "test.bin";
        return new CifarDataset(folder, [file], 2, ReadNames(Path.Combine(folder, "fine_label_names.txt"), 100));
    }

    /// <inheritdoc />
    public int Label(int index)
    {
        var (file, at) = Locate(index);
        return _files[file].Records[at + _labelLength - 1];
    }

    /// <inheritdoc />
    public Mat Load(int index)
    {
        var (file, at) = Locate(index);
        var source = _files[file].Records.AsSpan(at + _labelLength, ImageLength);
        var image = new Mat(Side, Side, MatType.CV_8UC3);
        var pixels = image.AsSpan<byte>();
        // Stored as a red, a green and a blue plane.
        for (var i = 0; i < Plane; i++)
        {
            pixels[3 * i] = source[i];
            pixels[3 * i + 1] = source[Plane + i];
            pixels[3 * i + 2] = source[2 * Plane + i];
        }

        return image;
    }

    /// <inheritdoc />
    public string Describe(int index)
    {
        var (file, at) = Locate(index);
        return $"{_files[file].Path}[{at / RecordLength}]";
    }

    /// <inheritdoc />
    public void Dispose()
    {
    }

    private static IReadOnlyList<string> ReadNames(string path, int count)
    {
        var names = File.Exists(path) ? File.ReadAllLines(path).Where(line => line.Trim().Length > 0).ToArray() : [];
        return names.Length == count ? names : [.. Enumerable.Range(0, count).Select(label => label.ToString(System.Globalization.CultureInfo.InvariantCulture))];
    }

    private (string Path, byte[] Records) Read(string path)
    {
        try
        {
            var records = File.ReadAllBytes(path);
            return records.Length > 0 && records.Length % RecordLength == 0
                ? (path, records)
                : throw new DataException($"CIFAR file '{path}' has {records.Length} bytes, not a multiple of {RecordLength}: it is cut short or another format; fetch it again.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"Cannot read CIFAR file '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    private (int File, int At) Locate(int index)
    {
        var file = Array.BinarySearch(_firstIndex, index);
        file = file >= 0 ? file : ~file - 1;
        return (file, (index - _firstIndex[file]) * RecordLength);
    }
}
