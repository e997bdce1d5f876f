namespace OneFractal.Training;

/// <summary>The backbones that can be built, by name. A backbone is an ONNX graph from birth.</summary>
public static class Backbone
{
    private static readonly Dictionary<string, Func<ulong, OnnxModel>> Builders =
        VisionTransformer.Variants.ToDictionary(v => v.Name, v => (Func<ulong, OnnxModel>)(seed => VisionTransformer.Build(v, seed)));

    /// <summary>The names that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Builders.Keys];

    /// <summary>
    /// A freshly initialised backbone: input <c>images</c> float32 [batch, 3, height, width], output <c>features</c> [batch, width].
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="seed">The same seed gives the same weights on every machine.</param>
    /// <exception cref="UsageException">Unknown name.</exception>
    public static OnnxModel Create(string name, ulong seed = 0)
    {
        return Builders.TryGetValue(name, out var build)
            ? build(seed)
            : throw new UsageException($"Unknown backbone '{name}': use one of {string.Join(", ", Names)}.");
    }

    /// <summary>
    /// <paramref name="backbone"/> with a fresh linear head for <paramref name="labels"/>, initialised as timm does (truncated normal, std 0.02).
    /// </summary>
    public static OnnxModel WithHead(OnnxModel backbone, IReadOnlyList<string> labels, ulong seed = 0)
    {
        return ClassificationHead.Attach(backbone, labels, Initializers.TruncatedNormal(seed, 0.02));
    }

    /// <summary>Number of trainable values of a model that OneFractal wrote.</summary>
    public static long CountParameters(OnnxModel model)
    {
        var trainable = (model.TrainableNames ?? []).ToHashSet();
        return model.Graph.Initializer.Where(t => trainable.Contains(t.Name)).Sum(t => (long)t.ElementCount());
    }
}
