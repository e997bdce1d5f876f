namespace OneFractal.Evaluation;

/// <summary>A file of a bundle.</summary>
/// <param name="Name">Its path in the bundle's folder, with '/' between folders.</param>
/// <param name="Write">Writes it to the path given, whole or not at all.</param>
internal sealed record BundleFile(string Name, Action<string> Write)
{
    /// <summary>A text file.</summary>
    public static BundleFile Text(string name, string content) => new(name, path => AtomicFile.WriteText(path, content));
}
