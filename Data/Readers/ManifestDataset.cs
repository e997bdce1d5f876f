using CsvHelper;
using OpenCvSharp;

namespace OneFractal.Data.Readers;

/// <summary>
/// Images listed in a CSV file with the columns <c>path</c>, <c>label</c> and, if wanted, <c>split</c> (train, val or test). Paths are relative to
/// the CSV file's folder. Classes are in ordinal order of their names.
/// </summary>
public sealed class ManifestDataset : IImageDataset
{
    private readonly (string Path, int Label)[] _images;

    private ManifestDataset((string Path, int Label)[] images, IReadOnlyList<string> classNames)
    {
        _images = images;
        ClassNames = classNames;
    }

    /// <inheritdoc />
    public int Count => _images.Length;

    /// <inheritdoc />
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Whether the file says which split its images belong to.</summary>
    public static bool HasSplits(string path) => Read(path).Any(row => row.Split is not null);

    /// <summary>Whether the file has images of <paramref name="split"/>.</summary>
    public static bool Has(string path, DatasetSplit split) => Read(path).Any(row => row.Split == split);

    /// <summary>All images of the file, or those of <paramref name="split"/> only. The classes are those of the whole file.</summary>
    /// <exception cref="DataException">The file is missing or malformed, or has no images of that split, or only one class.</exception>
    public static ManifestDataset Open(string path, DatasetSplit? split = null)
    {
        var rows = Read(path);
        string[] classes = [.. rows.Select(row => row.Label).Distinct().Order(StringComparer.Ordinal)];
        if (classes.Length < 2)
        {
            throw new DataException(classes.Length == 0 ? $"'{path}' lists no images." : $"'{path}' has only one class, '{classes[0]}': a classifier needs at least two.");
        }

        var labels = classes.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        (string, int)[] images = [.. rows.Where(row => split is null || row.Split == split).Select(row => (Path.Combine(folder, row.Path), labels[row.Label]))];
        return images.Length > 0
            ? new ManifestDataset(images, classes)
            : throw new DataException($"'{path}' lists no images of the {split} split: its column 'split' says train, val or test.");
    }

    /// <inheritdoc />
    public int Label(int index) => _images[index].Label;

    /// <inheritdoc />
    public Mat Load(int index) => ImageDecoder.Load(_images[index].Path);

    /// <inheritdoc />
    public string Describe(int index) => _images[index].Path;

    /// <inheritdoc />
    public void Dispose()
    {
    }

    private static List<(string Path, string Label, DatasetSplit? Split)> Read(string path)
    {
        try
        {
            using var csv = CsvReader.FromFile(path);
            var rows = new List<(string, string, DatasetSplit?)>();
            while (csv.Read())
            {
                if (!csv.TryGetFieldIndex("path", out var pathColumn) || !csv.TryGetFieldIndex("label", out var labelColumn))
                {
                    throw new DataException($"'{path}' needs the columns 'path' and 'label' in its first line; it has {string.Join(", ", csv.Headers.Select(name => $"'{name}'"))}.");
                }

                DatasetSplit? split = csv.TryGetFieldIndex("split", out var splitColumn) ? ParseSplit(csv.GetString(splitColumn), path, csv.RowNumber) : null;
                var label = csv.GetString(labelColumn);
                if (string.IsNullOrWhiteSpace(label))
                {
                    throw new DataException($"'{path}', row {csv.RowNumber}: the label is empty.");
                }

                rows.Add((csv.GetString(pathColumn), label, split));
            }

            return rows;
        }
        catch (CsvFormatException e)
        {
            throw new DataException($"'{path}' is not a well-formed CSV file: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"Cannot read '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static DatasetSplit ParseSplit(string text, string path, long row)
    {
        return Datasets.ParseSplit(text) ?? throw new DataException($"'{path}', row {row}: split '{text}' is not train, val or test.");
    }
}
