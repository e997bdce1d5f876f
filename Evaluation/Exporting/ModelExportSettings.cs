namespace OneFractal.Evaluation;

/// <summary>What kind of deployment file <see cref="ModelExport"/> writes.</summary>
public sealed record ModelExportSettings
{
    /// <summary>The batch size to fix, or null for any.</summary>
    public int? Batch { get; init; }

    /// <summary>Height and width in pixels of the images that it takes, or null for the model's own.</summary>
    public int? Size { get; init; }

    /// <summary>Whether it takes images of any size, which ViTs (positions are resampled in the graph) and networks of convolutions can.</summary>
    public bool AnySize { get; init; }

    /// <summary>What it gives of an image.</summary>
    public ModelOutput Output { get; init; }

    /// <summary>The numbers that it stores and computes with; of several, each is a file of its own.</summary>
    public IReadOnlyList<ExportPrecision> Precisions { get; init; } = [ExportPrecision.Float32];

    /// <summary>The opset to write, 13 to 21; null for the model's own, or the first that the other settings can do with.</summary>
    public int? Opset { get; init; }

    /// <summary>Whether resizing, cropping and normalisation are part of the graph, which then takes uint8 [batch, height, width, 3].</summary>
    public bool EmbedPreprocessing { get; init; }

    /// <summary>Whether weights go into a file beside the graph; above 2 GiB they must.</summary>
    public bool ExternalData { get; init; }

    /// <summary>The stack that a folder of files is written for; null for single ONNX files.</summary>
    public BundleKind? For { get; init; }

    /// <summary>
    /// A folder whose <c>node_modules</c> has onnxruntime-web, which goes with a web page; null for the one that <see cref="Evaluation.NodePackages.Install"/> made.
    /// </summary>
    public string? NodePackages { get; init; }

    /// <summary>Labelled images, as <see cref="Data.Datasets.Open(string, Data.DatasetSplit)"/> takes them: accuracy is measured on the test images, and ranges are calibrated on training images.</summary>
    public string? Data { get; init; }

    /// <summary>Images without labels, a file, folder or glob, to calibrate on and compare with; null for <see cref="Data"/> or, to compare, fractals.</summary>
    public string? Images { get; init; }

    /// <summary>How many of the images to compare on; null for all.</summary>
    public int? TestImages { get; init; }

    /// <summary>How many images to calibrate on.</summary>
    public int CalibrationImages { get; init; } = 256;

    /// <summary>A file of weights, or of a training's state, that takes the place of the model's own; null for these.</summary>
    public string? Weights { get; init; }

    /// <summary>What a model that OneFractal did not write cannot say of itself; null when nothing is said.</summary>
    public ForeignModelSettings? Foreign { get; init; }

    /// <summary>Seed of the images that the written model is checked on.</summary>
    public ulong Seed { get; init; }
}
