namespace OneFractal.Evaluation;

/// <summary>A backbone to evaluate.</summary>
public sealed record BackboneSource
{
    /// <summary>What a random initialisation is named with, before the name of the architecture.</summary>
    public const string ScratchPrefix = "scratch:";

    /// <summary>What tables call it.</summary>
    public string Name { get; init; } = "";

    /// <summary>A run folder, an .onnx file (ours or foreign), or <c>scratch:NAME</c> for random weights, others with every seed.</summary>
    public string Path { get; init; } = "";

    /// <summary>Whether it is a control that others are compared with.</summary>
    public bool Control { get; init; }

    /// <summary>The architecture of random weights, or null.</summary>
    internal string? ScratchName => Path.StartsWith(ScratchPrefix, StringComparison.OrdinalIgnoreCase) ? Path[ScratchPrefix.Length..] : null;

    /// <summary>Reads <c>PATH</c> or <c>NAME=PATH</c>; without a name it is that of the run folder or of the file.</summary>
    public static BackboneSource Parse(string text, bool control = false)
    {
        var (name, path) = SourceName.Split(text, File.Exists(text) || Directory.Exists(text));
        return new BackboneSource { Name = name ?? DefaultName(path), Path = path, Control = control };
    }

    private static string DefaultName(string path)
    {
        if (path.StartsWith(ScratchPrefix, StringComparison.OrdinalIgnoreCase))
        {
            return path;
        }

        // Every run calls its files the same; its folder tells them apart.
        var file = System.IO.Path.GetFileNameWithoutExtension(path);
        var folder = System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? "");
        return Directory.Exists(path) ? SourceName.Last(path) : file is "backbone" or "classifier" && folder.Length > 0 ? folder : file;
    }
}
