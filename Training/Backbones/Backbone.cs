namespace OneFractal.Training;

/// <summary>The backbones that can be built, by name. A backbone is an ONNX graph from birth.</summary>
public static class Backbone
{
    private static readonly BackboneEntry[] Entries =
    [
        .. VisionTransformer.Variants.Select(v => new BackboneEntry(
            v.Name, v.Architecture, v.ImageSize, v.PatchSize, (size, seed) => VisionTransformer.Build(v with { ImageSize = size }, seed))),
        .. ResNet.Variants.Select(v => new BackboneEntry(
            v.Name, v.Architecture, v.ImageSize, 1, (size, seed) => ResNet.Build(v with { ImageSize = size }, seed))),
        .. SwinTransformer.Variants.Select(v => new BackboneEntry(
            v.Name, v.Architecture, v.ImageSize, v.SizeStep, (size, seed) => SwinTransformer.Build(v with { ImageSize = size }, seed))),
        .. PyramidVisionTransformer.Variants.Select(v => new BackboneEntry(
            v.Name, v.Architecture, v.ImageSize, 32, (size, seed) => PyramidVisionTransformer.Build(v with { ImageSize = size }, seed))),
        .. MlpMixer.Variants.Select(v => new BackboneEntry(
            v.Name, v.Architecture, v.ImageSize, v.PatchSize, (size, seed) => MlpMixer.Build(v with { ImageSize = size }, seed))),
    ];

    /// <summary>The names that <see cref="Create"/> knows, besides timm's.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(e => e.Name)];

    /// <summary>
    /// A freshly initialised backbone: input <c>images</c> float32 [batch, 3, height, width], output <c>features</c> [batch, width].
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>, or timm's name of the same network.</param>
    /// <param name="seed">The same seed gives the same weights on every machine.</param>
    /// <param name="imageSize">Height and width of the images in pixels; null for the architecture's own.</param>
    /// <exception cref="UsageException">Unknown name, or a size that the architecture does not take.</exception>
    public static OnnxModel Create(string name, ulong seed = 0, int? imageSize = null)
    {
        var entry = Find(name)
            ?? throw new UsageException($"Unknown backbone '{name}': use one of {string.Join(", ", Names)}.");
        var size = imageSize ?? entry.ImageSize;
        if (size != entry.ImageSize && (entry.SizeStep is not { } step || size % step != 0 || size is < 16 or > 4096))
        {
            throw new UsageException(entry.SizeStep is null
                ? $"{entry.Name} takes images of {entry.ImageSize} pixels, not {size}."
                : $"{entry.Name} takes images of 16 to 4096 pixels in steps of {entry.SizeStep}, not {size}.");
        }

        return entry.Build(size, seed);
    }

    /// <summary>
    /// The backbone that the model was made as, for its own or another image size, with fresh weights and its head; null for a model of anything else, whatever it is
    /// called.
    /// </summary>
    /// <exception cref="UsageException">A size that the architecture does not take.</exception>
    internal static OnnxModel? Rebuild(OnnxModel model, int? imageSize = null)
    {
        if (model.Metadata is not { } metadata || model.TrainableNames is null || Find(metadata.Architecture) is null)
        {
            return null;
        }

        var result = Create(metadata.Architecture, 0, imageSize ?? metadata.Preprocessing.Height);
        result = metadata.Labels.Count > 0 ? WithHead(result, metadata.Labels) : result;
        return Names(result).SetEquals(Names(model)) ? result : null;

        static HashSet<string> Names(OnnxModel model) => [.. model.TrainableNames!, .. model.RunningStatistics];
    }

    /// <summary>
    /// <paramref name="backbone"/> with a fresh linear head for <paramref name="labels"/>, initialised as timm does: truncated normal of std 0.02 without bias in
    /// transformers, PyTorch's default in networks whose head is called <c>fc</c>.
    /// </summary>
    public static OnnxModel WithHead(OnnxModel backbone, IReadOnlyList<string> labels, ulong seed = 0)
    {
        if (backbone.HeadModule == "fc" && backbone.Metadata is { } metadata)
        {
            var uniform = Initializers.FanInUniform(seed, metadata.NumFeatures);
            return ClassificationHead.Attach(backbone, labels, uniform, uniform);
        }

        return ClassificationHead.Attach(backbone, labels, Initializers.TruncatedNormal(seed, 0.02));
    }

    private static BackboneEntry? Find(string name) => Entries.FirstOrDefault(e => e.Name == name || e.Architecture == name);

    /// <summary>Number of trainable values of a model that OneFractal wrote.</summary>
    public static long CountParameters(OnnxModel model)
    {
        var trainable = (model.TrainableNames ?? []).ToHashSet();
        return model.Graph.Initializer.Where(t => trainable.Contains(t.Name)).Sum(t => (long)t.ElementCount());
    }
}
