namespace OneFractal.Evaluation;

/// <summary>Names of backbones and data sets, as a user gives them: <c>NAME=PATH</c>.</summary>
internal static class SourceName
{
    /// <summary>Name and path; no name where there is no equals sign, or where it is part of a path that exists.</summary>
    public static (string? Name, string Path) Split(string text, bool exists)
    {
        var equals = exists ? -1 : text.IndexOf('=');
        var (name, path) = equals < 0 ? (null, text) : (text[..equals].Trim(), text[(equals + 1)..]);
        return path.Length == 0 || name is "" || (name ?? "").Any(char.IsControl)
            ? throw new UsageException($"'{text}' is neither PATH nor NAME=PATH.")
            : (name, path);
    }

    /// <summary>The last part of a path.</summary>
    public static string Last(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
}
