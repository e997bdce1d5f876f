namespace OneFractal.Export;

/// <summary>What a model's graph consists of: its layers with parameters and multiply-accumulates, and which stored tensors train.</summary>
/// <param name="Layers">Every node that images go through, in order.</param>
/// <param name="Trains">Weights: what the file says, else what <see cref="ForeignModel.Import"/> would train.</param>
/// <param name="Buffers">Running statistics of BatchNormalization.</param>
/// <param name="Constants">All other stored tensors.</param>
/// <param name="MadeByNodes">Values of weights that nodes compute, so that they are not stored and do not train.</param>
public sealed record GraphInspection(
    IReadOnlyList<LayerReport> Layers, TensorCount Trains, TensorCount Buffers, TensorCount Constants, long MadeByNodes)
{
    /// <summary>Multiply-accumulates of all layers that can be counted.</summary>
    public long Macs => Layers.Sum(l => l.Macs ?? 0);

    /// <summary>Operators whose multiply-accumulates are not in <see cref="Macs"/>.</summary>
    public IReadOnlyList<string> Uncounted => [.. Layers.Where(l => l.Macs is null).Select(l => l.Operator).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Looks at a model; it is not changed.</summary>
    /// <param name="source">Any model; where it takes images of any size, they are looked at as of 224 pixels.</param>
    /// <exception cref="ModelException">A node's inputs do not fit its operator.</exception>
    public static GraphInspection Of(OnnxModel source)
    {
        var model = source.Clone();
        ForeignModel.StoreWeights(model);
        var facts = new GraphFacts(model);
        var batch = ImageInput.FixShape(model);
        var infos = ShapeInference.InferAll(model);
        var trainable = (model.TrainableNames ?? WeightRoles.Find(model)).ToHashSet();
        var counted = new HashSet<string>();
        var layers = new List<LayerReport>();
        long made = 0;
        foreach (var node in model.Graph.Node.Where(n => n.Input.Any(facts.IsData)))
        {
            long parameters = 0;
            foreach (var input in node.Input.Where(i => i.Length > 0 && !facts.IsData(i)))
            {
                if (facts.Stored(input) is { } tensor)
                {
                    parameters += trainable.Contains(tensor.Name) && counted.Add(tensor.Name) ? tensor.ElementCount() : 0;
                }
                else if (WeightRoles.IsWeight(node, input) && counted.Add(input) && infos.GetValueOrDefault(input) is { Type: DataType.Float, StaticShape: { } shape })
                {
                    made += shape.Aggregate(1L, (product, dim) => product * dim);
                }
            }

            var name = node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "";
            var output = node.Output.Count > 0 ? infos.GetValueOrDefault(node.Output[0]) : null;
            layers.Add(new LayerReport(
                name, node.OpType, output?.Shape is { } dims ? $"[{string.Join(", ", dims)}]" : "", parameters, MultiplyAccumulates.Count(node, infos) / batch));
        }

        var statistics = model.RunningStatistics.ToHashSet();
        return new GraphInspection(
            layers,
            TensorCount.Of(model.Graph.Initializer.Where(t => trainable.Contains(t.Name))),
            TensorCount.Of(model.Graph.Initializer.Where(t => statistics.Contains(t.Name))),
            TensorCount.Of(model.Graph.Initializer.Where(t => !trainable.Contains(t.Name) && !statistics.Contains(t.Name))),
            made);
    }
}
