namespace OneFractal.Evaluation;

/// <summary>Writes a model with the files that a software stack expects around it.</summary>
internal static class ModelBundle
{
    /// <summary>Refuses what the stack cannot have.</summary>
    /// <exception cref="UsageException">Settings that do not go together, or a folder that cannot be.</exception>
    public static void Check(BundleKind kind, string output, ModelExportSettings settings)
    {
        if (File.Exists(output) || output.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) || NameOf(output).Length == 0)
        {
            throw new UsageException($"Cannot write a bundle to '{output}': name a folder.");
        }
    }

    /// <summary>What a model in this folder is called.</summary>
    public static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));

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
