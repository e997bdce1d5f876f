namespace OneFractal.Export;

/// <summary>
/// Which initializers of a model that does not say so are weights: those that reach an operator in the place where it takes something learnt, directly or
/// rearranged (Transpose, Reshape, Cast, Expand …). Everything else stays as it is: BatchNormalization's running statistics, shapes, axes, single
/// numbers (0.5, √2, an epsilon), the scales of Resize, bounds of Clip, what quantises, masks of attention, fixed blur filters, and what is added to or
/// multiplied with the image before the first weight (the preprocessing that some files bring along).
/// </summary>
internal static class WeightRoles
{
    /// <summary>Names of the weights, in graph order.</summary>
    public static IReadOnlyList<string> Find(OnnxModel model)
    {
        var facts = new GraphFacts(model);
        var weights = new HashSet<string>();
        // Values that have met a weight.
        var learnt = new HashSet<string>();
        foreach (var node in model.Graph.Node.Where(n => n.IsStandard()))
        {
            var isLearnt = node.Input.Any(learnt.Contains);
            foreach (var weight in Weights(node, facts, isLearnt).Where(w => IsFloating(w.ElementType())))
            {
                weights.Add(weight.Name);
                isLearnt = true;
            }

            // What a weight is computed by may be unknown (weights made by nodes): the product is learnt all the same.
            isLearnt |= node.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul" && node.Input.Any(facts.IsData);
            if (isLearnt)
            {
                learnt.UnionWith(node.Output.Where(o => o.Length > 0));
            }
        }

        weights.ExceptWith(model.RunningStatistics);
        return [.. model.Graph.Initializer.Select(t => t.Name).Where(weights.Contains)];
    }

    /// <summary>The initializers that are weights of this node.</summary>
    /// <param name="node">A node of the default domain.</param>
    /// <param name="facts">About its graph.</param>
    /// <param name="isLearnt">Whether one of its inputs has met a weight before.</param>
    public static IEnumerable<TensorProto> Weights(NodeProto node, GraphFacts facts, bool isLearnt)
    {
        if (!node.Input.Any(facts.IsData))
        {
            return [];
        }

        IEnumerable<TensorProto> At(params ReadOnlySpan<int> inputs)
        {
            var found = new List<TensorProto>();
            foreach (var i in inputs)
            {
                if (facts.Stored(node.InputOrNull(i)) is { } tensor)
                {
                    found.Add(tensor);
                }
            }

            return found;
        }

        return node.OpType switch
        {
            "Conv" => At(1, 2).Where(t => !IsFixedFilter(node, t)),
            "ConvTranspose" or "BatchNormalization" or "LayerNormalization" or "GroupNormalization" or "InstanceNormalization" => At(1, 2),
            "PRelu" or "RMSNormalization" => At(1),
            "Gemm" or "MatMul" or "Einsum" => At(0, 1, 2).Where(t => t.ElementCount() > 1),
            "Add" or "Mul" => At(0, 1).Where(t => isLearnt && t.ElementCount() > 1 && !GraphFacts.IsMask(t)),
            // Class and register tokens.
            "Concat" => At([.. Enumerable.Range(0, node.Input.Count)]).Where(t => isLearnt && t.ElementCount() > 1),
            _ => [],
        };
    }

    /// <summary>Whether the node takes a weight there, whoever makes it.</summary>
    public static bool IsWeight(NodeProto node, string input)
    {
        return node.IsStandard() && node.Input.IndexOf(input) is var i && node.OpType switch
        {
            "Conv" or "ConvTranspose" or "BatchNormalization" or "LayerNormalization" or "GroupNormalization" or "InstanceNormalization" => i is 1 or 2,
            "PRelu" or "RMSNormalization" => i is 1,
            "Gemm" or "MatMul" => true,
            _ => false,
        };
    }

    /// <summary>The same kernel for every channel, each by itself: antialiasing (Zhang 2019, arXiv 1904.11486), which is not learnt.</summary>
    private static bool IsFixedFilter(NodeProto node, TensorProto weight)
    {
        if (node.GetInt("group", 1) < 2 || weight.Dims.Count < 3 || weight.Dims[1] != 1 || weight.ElementType() != DataType.Float)
        {
            return false;
        }

        var values = weight.ToFloats();
        var length = (int)(values.Length / Math.Max(1, weight.Dims[0]));
        return length > 1 && Enumerable.Range(1, (int)weight.Dims[0] - 1).All(c => values.AsSpan(0, length).SequenceEqual(values.AsSpan(c * length, length)));
    }

    private static bool IsFloating(DataType type) => type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double;
}
