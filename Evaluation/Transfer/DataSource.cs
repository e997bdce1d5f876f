namespace OneFractal.Evaluation;

/// <summary>A data set to evaluate on.</summary>
public sealed record DataSource
{
    /// <summary>What tables call it.</summary>
    public string Name { get; init; } = "";

    /// <summary>What <see cref="Data.Datasets"/> opens: a folder of class folders, a .csv manifest, a folder of IDX or CIFAR files, or <c>fashion-mnist</c>.</summary>
    public string Path { get; init; } = "";

    /// <summary>The name as part of a file's.</summary>
    internal string FileName => string.Concat(Name.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));

    /// <summary>Reads <c>DATA</c> or <c>NAME=DATA</c>; without a name it is the last part of the path.</summary>
    public static DataSource Parse(string text)
    {
        var (name, path) = SourceName.Split(text, File.Exists(text) || Directory.Exists(text));
        return new DataSource { Name = name ?? System.IO.Path.GetFileNameWithoutExtension(SourceName.Last(path)), Path = path };
    }
}
