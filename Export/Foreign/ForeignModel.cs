namespace OneFractal.Export;

/// <summary>
/// Makes one of ours of an ONNX file that OneFractal did not write: finds which initializers train and where the head is, lets it take any batch, and writes
/// down how it is fed. What it computes stays the same.
/// </summary>
public static class ForeignModel
{
    /// <summary>Whether the model lacks what <see cref="Import"/> adds.</summary>
    public static bool IsForeign(OnnxModel model) => model.TrainableNames is null || model.FeaturesValue is null || model.Metadata is null;

    /// <summary>A copy of <paramref name="source"/> with everything that training needs to know.</summary>
    /// <param name="source">Any model of images; metadata that it has is kept.</param>
    /// <param name="settings">What the file cannot say.</param>
    /// <exception cref="ModelException">Not a model of images, or one whose head or weights cannot be told, or made for another image size; the message says what to do.</exception>
    /// <exception cref="UsageException">Settings that do not fit the model.</exception>
    public static ForeignImport Import(OnnxModel source, ForeignModelSettings? settings = null)
    {
        settings ??= new ForeignModelSettings();
        var notes = new List<string>();
        var model = source.Clone();
        StoreWeights(model);
        if (Float32Conversion.Apply(model) is { } type)
        {
            notes.Add($"types: {type.ToString().ToLowerInvariant()} became float32");
        }

        var known = model.Metadata;
        var preprocessing = known?.Preprocessing ?? ImageInput.Apply(model, settings, notes);
        if (DynamicBatch.Apply(model, ImageInput.Find(model).Input) is { } batch)
        {
            notes.Add($"batch: was fixed to {batch}, now any");
        }

        OwnStatistics(model);
        model.TrainableNames ??= WeightRoles.Find(model);
        if (model.TrainableNames.Count == 0)
        {
            throw new ModelException($"'{source.Source}' stores no float weights that could train: they are quantised, or nodes make them.");
        }

        notes.Add($"weights: {model.TrainableNames.Count} tensors train, {model.RunningStatistics.Count} running statistics");
        if (model.FeaturesValue is null || settings.HeadAt is not null)
        {
            var head = HeadFinder.Find(model, settings.HeadAt);
            notes.Add($"head: {head.Description}");
            model.FeaturesValue = head.Features;
            model.HeadModule = HeadModule(model, head);
        }

        model.Metadata = known ?? new ModelMetadata
        {
            Architecture = Path.GetFileNameWithoutExtension(source.Source),
            NumFeatures = (int)(FeaturePooling.Width(model) ?? 0),
            Preprocessing = preprocessing,
            Provenance = new Dictionary<string, string> { ["imported_from"] = Path.GetFileName(source.Source) },
        };
        ModelChecker.Check(model);
        if (settings.Size is { } size && (size != preprocessing.Height || size != preprocessing.Width))
        {
            model = ImageSize.Apply(model, size);
            notes.Add($"size: was {preprocessing.Width}x{preprocessing.Height} pixels, now {size}x{size}");
        }

        return new ForeignImport(model, notes);
    }

    /// <summary>Where the head of a model is.</summary>
    /// <param name="model">Any model.</param>
    /// <param name="at">A node or value that says where; null to look for it.</param>
    /// <exception cref="ModelException">It cannot be told; the message lists candidates.</exception>
    /// <exception cref="UsageException">Nothing is called <paramref name="at"/>.</exception>
    public static HeadSite FindHead(OnnxModel model, string? at = null) => HeadFinder.Find(model, at);

    /// <summary>
    /// The outputs of a model that are scores or probabilities of classes, as its graph shows: what a last linear layer with a bias gives, or a softmax after
    /// one. None of a model that ends in features.
    /// </summary>
    public static IReadOnlyList<string> ClassScores(OnnxModel model) => HeadFinder.Scores(model);

    /// <summary>Weights in Constant nodes become initializers, and initializers are no inputs that somebody could feed.</summary>
    internal static void StoreWeights(OnnxModel model)
    {
        var graph = model.Graph;
        var initializers = graph.Initializer.Select(t => t.Name).ToHashSet();
        GraphEdits.Replace(graph.Input, graph.Input.Where(i => !initializers.Contains(i.Name)).ToArray());
        // Up to IR 3 an initializer must be an input.
        model.Proto.IrVersion = Math.Max(model.Proto.IrVersion, 4);
        var outputs = graph.Output.Select(o => o.Name).ToHashSet();
        var nodes = new List<NodeProto>();
        foreach (var node in graph.Node)
        {
            var tensor = node.IsStandard() && node.OpType == "Constant" && !outputs.Contains(node.Output[0]) ? node.Find("value")?.T : null;
            if (tensor?.ElementType() is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double))
            {
                nodes.Add(node);
                continue;
            }

            var stored = tensor.Clone();
            stored.Name = node.Output[0];
            graph.Initializer.Add(stored);
        }

        GraphEdits.Replace(graph.Node, nodes);
    }

    /// <summary>
    /// Exporters store equal tensors once, so that fresh running statistics are also the norms' biases: each statistic gets a tensor of its own.
    /// </summary>
    private static void OwnStatistics(OnnxModel model)
    {
        var graph = model.Graph;
        var producers = graph.Node.SelectMany(n => n.Output.Select(o => (o, n))).Where(p => p.o.Length > 0).ToDictionary(p => p.o, p => p.n);
        var initializers = graph.Initializer.ToDictionary(t => t.Name);
        var reads = graph.Node.SelectMany(n => n.AllReads()).GroupBy(n => n).ToDictionary(g => g.Key, g => g.Count());
        foreach (var node in graph.Node.Where(n => n.IsStandard() && n.OpType == "BatchNormalization" && n.Input.Count == 5))
        {
            foreach (var i in new[] { 3, 4 })
            {
                var name = node.Input[i];
                while (producers.GetValueOrDefault(name) is { OpType: "Identity" } identity)
                {
                    name = identity.Input[0];
                }

                if (initializers.TryGetValue(name, out var tensor) && (name != node.Input[i] || reads[name] > 1))
                {
                    var own = tensor.Clone();
                    own.Name = GraphEdits.FreshName(graph, $"{node.Output[0]}.{(i == 3 ? "running_mean" : "running_var")}");
                    graph.Initializer.Add(own);
                    node.Input[i] = own.Name;
                }
            }
        }
    }

    /// <summary>The path that the new head's parameters get: that of the old ones, as long as nothing else has these names.</summary>
    private static string HeadModule(OnnxModel model, HeadSite head)
    {
        const string Suffix = ".weight";
        if (head.Weight is { } weight && weight.EndsWith(Suffix, StringComparison.Ordinal) && weight.Length > Suffix.Length)
        {
            return weight[..^Suffix.Length];
        }

        var names = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        return new[] { "head", "classifier", "onefractal.head" }.First(module => !names.Contains(module + Suffix) && !names.Contains(module + ".bias"));
    }
}
