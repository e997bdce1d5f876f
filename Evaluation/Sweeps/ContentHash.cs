using System.Security.Cryptography;
using System.Text;
using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Evaluation;

/// <summary>What tells files from others, wherever they lie. Each is read once.</summary>
internal sealed class ContentHash
{
    private readonly Dictionary<string, string> _known = [], _data = [];

    /// <summary>A file, or a folder with all that is in it by their names there.</summary>
    /// <exception cref="OneFractalException">There is none.</exception>
    public string Of(string path, CancellationToken cancellation)
    {
        var full = Path.GetFullPath(path);
        if (!_known.TryGetValue(full, out var hash))
        {
            _known[full] = hash = File.Exists(full) ? OfFile(full)
                : Directory.Exists(full) ? OfFiles(full, Directory.EnumerateFiles(full, "*", SearchOption.AllDirectories), cancellation)
                : throw new OneFractalException($"There is no '{path}'.");
        }

        return hash;
    }

    /// <summary>A data set, by what <see cref="Datasets"/> opens.</summary>
    /// <exception cref="OneFractalException">There is none, or it cannot be read.</exception>
    public string OfData(string spec, CancellationToken cancellation)
    {
        if (!_data.TryGetValue(spec, out var hash))
        {
            _data[spec] = hash = ReadData(spec, cancellation);
        }

        return hash;
    }

    private string ReadData(string spec, CancellationToken cancellation)
    {
        using var training = Datasets.Open(spec, DatasetSplit.Train);
        if (!Path.GetExtension(spec).Equals(".csv", StringComparison.OrdinalIgnoreCase))
        {
            return Of(Directory.Exists(spec) ? spec : FashionMnist.DefaultFolder, cancellation);
        }

        // A manifest's images lie elsewhere.
        using var test = Datasets.Open(spec, DatasetSplit.Test);
        var files = new[] { training, test }.SelectMany(d => Enumerable.Range(0, d.Count).Select(d.Describe)).Append(Path.GetFullPath(spec));
        return OfFiles(Path.GetDirectoryName(Path.GetFullPath(spec))!, files, cancellation);
    }

    private static string OfFiles(string folder, IEnumerable<string> files, CancellationToken cancellation)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, path) in files.Select(f => (Path.GetRelativePath(folder, f).Replace('\\', '/'), f)).Distinct().OrderBy(f => f.Item1, StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            all.AppendData(Encoding.UTF8.GetBytes($"{name}\n{OfFile(path)}\n"));
        }

        return Convert.ToHexStringLower(all.GetHashAndReset());
    }

    private static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
