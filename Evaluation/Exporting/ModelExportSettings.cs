namespace OneFractal.Evaluation;

/// <summary>What kind of deployment file <see cref="ModelExport"/> writes.</summary>
public sealed record ModelExportSettings
{
    /// <summary>The batch size to fix, or null for any.</summary>
    public int? Batch { get; init; }

    /// <summary>Whether the head is taken off, so that the output is the pooled features.</summary>
    public bool Features { get; init; }

    /// <summary>Seed of the images that the written model is checked on.</summary>
    public ulong Seed { get; init; }
}
