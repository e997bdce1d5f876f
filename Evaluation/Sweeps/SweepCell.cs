namespace OneFractal.Evaluation;

/// <summary>A cell of a sweep. Cells that come to the same share a key, and are computed once.</summary>
/// <param name="Key">Hash of everything that decides its results: all settings resolved, the content of its files, and the version of the code.</param>
/// <param name="PretrainingKey">The same of its pre-training, or null where there is none.</param>
/// <param name="Case">Name of its case, or nothing.</param>
/// <param name="Axes">Its place in the grid.</param>
/// <param name="Settings">Its settings.</param>
public sealed record SweepCell(string Key, string? PretrainingKey, string Case, IReadOnlyDictionary<string, string> Axes, SweepSettings Settings)
{
    /// <summary>What people call it: its case and its place in the grid.</summary>
    public string Name => Describe(Axes.Keys) is { Length: > 0 } name ? name : Settings.Source.ToString().ToLowerInvariant();

    /// <summary>Its place on an axis of the grid, or its case.</summary>
    internal string At(string axis) => axis == SweepDefinition.CaseAxis ? Case : Axes[axis];

    /// <summary>Its case, and its place on some axes.</summary>
    internal string Describe(IEnumerable<string> axes, bool withCase = true)
    {
        return string.Join(", ", axes.Select(a => $"{a} {Axes[a]}").Prepend(withCase ? Case : "").Where(t => t.Length > 0));
    }
}
