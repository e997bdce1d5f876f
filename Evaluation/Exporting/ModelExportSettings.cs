namespace OneFractal.Evaluation;

/// <summary>What kind of deployment file <see cref="ModelExport"/> writes.</summary>
public sealed record ModelExportSettings
{
    /// <summary>The batch size to fix, or null for any.</summary>
    public int? Batch { get; init; }

    /// <summary>Whether the head is taken off, so that the output is the pooled features.</summary>
    public bool Features { get; init; }

    /// <summary>The stack that a folder of files is written for; null for a single ONNX file.</summary>
    public BundleKind? For { get; init; }

    /// <summary>A file of weights, or of a training's state, that takes the place of the model's own; null for these.</summary>
    public string? Weights { get; init; }

    /// <summary>Seed of the images that the written model is checked on.</summary>
    public ulong Seed { get; init; }
}
