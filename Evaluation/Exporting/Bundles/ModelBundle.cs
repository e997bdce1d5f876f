namespace OneFractal.Evaluation;

/// <summary>Writes a model with the files that a software stack expects around it.</summary>
internal static class ModelBundle
{
    /// <summary>Writes the bundle's files to <paramref name="folder"/>; returns their paths in it.</summary>
    /// <exception cref="OneFractalException">A file cannot be written.</exception>
    public static IReadOnlyList<string> Write(BundleKind kind, BundleSource source, string folder)
    {
        var files = Files(kind, source).ToArray();
        foreach (var file in files)
        {
            file.Write(Path.Combine(folder, file.Name));
        }

        return [.. files.Select(f => f.Name)];
    }

    private static IEnumerable<BundleFile> Files(BundleKind kind, BundleSource source) => kind switch
    {
        BundleKind.Web => WebBundle.Files(source),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
