namespace OneFractal.Data;

/// <summary>An image file that cannot be decoded whole.</summary>
public sealed class BadImageException(string path, string problem)
    : DataException($"Cannot read image '{path}': {problem}. Replace or remove the file, or use --on-bad-image skip.")
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>What is wrong with it, without its name.</summary>
    public string Problem { get; } = problem;
}
