using OpenCvSharp;

namespace OneFractal.Data.Readers;

/// <summary>
/// A folder with one folder per class, images at any depth below. Classes and files are in ordinal order of their names, so that
/// indices are the same on every machine. Hidden files and folders are skipped.
/// </summary>
public sealed class ImageFolderDataset : IImageDataset
{
    private readonly (string Path, int Label)[] _images;

    /// <summary>Lists the images below <paramref name="folder"/>; none is decoded yet.</summary>
    /// <exception cref="DataException">The folder is missing, or has no class folders, one class only, or a class without images.</exception>
    public ImageFolderDataset(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DataException(File.Exists(folder)
                ? $"'{folder}' is a file; give the folder that holds the class folders."
                : $"There is no folder '{folder}': check the path.");
        }

        var classes = SubFolders(folder);
        if (classes.Length == 0)
        {
            throw new DataException($"'{folder}' has no class folders: put the images of each class in a folder named after it.");
        }

        _images = [.. classes.SelectMany((path, label) => Images(path, [RealPath(path)]).Select(image => (image, label)))];
        ClassNames = [.. classes.Select(path => Path.GetFileName(path))];
        if (_images.Length == 0)
        {
            throw new DataException($"'{folder}' holds no images below its class folders: images end in {string.Join(' ', ImageDecoder.Suffixes)}.");
        }

        if (classes.Length == 1)
        {
            throw new DataException($"'{folder}' has only one class, '{ClassNames[0]}': a classifier needs at least two.");
        }

        var counts = new int[classes.Length];
        foreach (var (_, label) in _images)
        {
            counts[label]++;
        }

        if (Array.IndexOf(counts, 0) is >= 0 and var empty)
        {
            throw new DataException($"Class folder '{classes[empty]}' holds no images: add some or remove it.");
        }
    }

    /// <inheritdoc />
    public int Count => _images.Length;

    /// <inheritdoc />
    public IReadOnlyList<string> ClassNames { get; }

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

    internal static string[] SubFolders(string folder)
    {
        var folders = Directory.GetDirectories(folder).Where(path => !IsHidden(path)).ToArray();
        Array.Sort(folders, string.CompareOrdinal);
        return folders;
    }

    /// <summary>The images of a folder and those below it; a link back to a folder on the way, which would never end, is passed over.</summary>
    private static IEnumerable<string> Images(string folder, string[] way)
    {
        var files = Directory.GetFiles(folder).Where(path => !IsHidden(path) && ImageDecoder.HasImageSuffix(path)).ToArray();
        Array.Sort(files, string.CompareOrdinal);
        var folders = SubFolders(folder).Where(path => !way.Contains(RealPath(path)));
        return files.Concat(folders.SelectMany(path => Images(path, [.. way, RealPath(path)])));
    }

    private static string RealPath(string folder)
    {
        var full = Path.GetFullPath(folder);
        return Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');
}
