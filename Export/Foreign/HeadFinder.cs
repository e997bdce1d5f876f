namespace OneFractal.Export;

/// <summary>
/// Finds the classification head: the last Gemm, MatMul or 1×1 Conv before the class scores, behind a softmax, an arg max or a change of layout.
/// A convolution that global pooling follows (SqueezeNet) is one only where a softmax, a Dropout before it or ImageNet's number of classes tell it from
/// the last layer of a backbone.
/// </summary>
internal static class HeadFinder
{
    private const int ShownCandidates = 4;

    private static readonly HashSet<string> Layout = ["Flatten", "Reshape", "Identity", "Squeeze", "Cast", "Dropout"];
    private static readonly HashSet<string> Decisions = ["Softmax", "LogSoftmax", "Sigmoid", "ArgMax", "TopK"];
    private static readonly HashSet<string> Pools = ["GlobalAveragePool", "AveragePool", "ReduceMean", "Relu"];

    /// <summary>The head, or the end of a model that has none.</summary>
    /// <param name="model">The model.</param>
    /// <param name="at">A node or value that says where it is; null to look for it.</param>
    /// <exception cref="ModelException">It cannot be told; the message lists candidates.</exception>
    public static HeadSite Find(OnnxModel model, string? at = null)
    {
        var facts = new GraphFacts(model);
        if (at is not null)
        {
            return Named(model, facts, at);
        }

        var infos = ShapeInference.InferAll(model);
        return model.Graph.Output.Select(o => Behind(facts, infos, o.Name).Site).FirstOrDefault(s => s is not null)
            ?? throw new ModelException($"'{model.Source}': its classification head cannot be told; name it with --head-at, for instance {Candidates(model, facts)}.");
    }

    /// <summary>
    /// The outputs that are scores or probabilities of classes. A linear layer without a bias, and without a softmax after it, may as well end features.
    /// </summary>
    public static IReadOnlyList<string> Scores(OnnxModel model)
    {
        var facts = new GraphFacts(model);
        var infos = Infer(model);
        return
        [
            .. model.Graph.Output.Select(o => o.Name)
                .Where(o => o != model.FeaturesValue && facts.Producer(o) is not { OpType: "ArgMax" or "TopK" } && Behind(facts, infos, o) is { Site.Head: not null, IsScores: true }),
        ];
    }

    private static Dictionary<string, TensorInfo> Infer(OnnxModel model)
    {
        try
        {
            return ShapeInference.InferAll(model);
        }
        catch (ModelException)
        {
            // An operator of another domain: what is asked here needs no shapes where there is a head.
            return [];
        }
    }

    /// <summary>Names for <c>--head-at</c>: the last layers with weights, last first.</summary>
    private static string Candidates(OnnxModel model, GraphFacts facts)
    {
        var names = model.Graph.Node.Reverse().Where(n => IsLinear(n, facts)).Select(NameOf).Where(n => n.Length > 0).Take(ShownCandidates).ToArray();
        return names.Length > 0 ? string.Join(", ", names.Select(n => $"'{n}'")) : $"the value before '{model.Graph.Output[0].Name}'";
    }

    private static HeadSite Named(OnnxModel model, GraphFacts facts, string at)
    {
        var node = model.Graph.Node.FirstOrDefault(n => n.Name == at) ?? model.Graph.Node.FirstOrDefault(n => n.Output.Contains(at));
        if (node is null || at.Length == 0)
        {
            throw new UsageException($"'{model.Source}' has no node or value called '{at}': --head-at takes for instance {Candidates(model, facts)}.");
        }

        // A node that computes scores is the head; of any other, the result is the features.
        return node.Name == at && Linear(node, facts) is { } head ? head : new HeadSite(node.Output.Contains(at) ? at : node.Output[0], null, null);
    }

    /// <summary>What an output comes from, and whether that makes it scores of classes.</summary>
    private static (HeadSite? Site, bool IsScores) Behind(GraphFacts facts, Dictionary<string, TensorInfo> infos, string output)
    {
        bool decides = false, pools = false;
        var value = output;
        while (facts.Producer(value) is { } node && node.IsStandard())
        {
            if (Linear(node, facts) is { } head)
            {
                var hasBias = node != head.Head || node.InputOrNull(2) is not null;
                if (node.OpType == "Conv" || head.Head!.OpType == "Conv")
                {
                    var weight = facts.Stored(head.Head!.InputOrNull(1)) is { Dims.Count: > 0 } stored ? stored : null;
                    var is1x1 = weight is null ? IsScores(infos.GetValueOrDefault(value)) : weight.Dims.Skip(2).All(d => d == 1);
                    var isHead = !pools || decides || facts.Producer(head.Features)?.OpType == "Dropout" || weight?.Dims[0] is 1000 or 1001;
                    return is1x1 && isHead ? (head, hasBias || decides) : (Ends(infos, output, decides), false);
                }

                return pools ? (Ends(infos, output, decides), false) : (head, hasBias || decides);
            }

            if (!Layout.Contains(node.OpType) && !Decisions.Contains(node.OpType) && !Pools.Contains(node.OpType))
            {
                break;
            }

            decides |= Decisions.Contains(node.OpType);
            pools |= Pools.Contains(node.OpType);
            value = node.Input[0];
        }

        return (Ends(infos, output, decides), false);
    }

    /// <summary>A model without a head ends in a vector, a map or tokens of known width for each image.</summary>
    private static HeadSite? Ends(Dictionary<string, TensorInfo> infos, string output, bool decides)
    {
        return !decides && infos.GetValueOrDefault(output) is { Shape: [_, { Value: > 1 }] or [_, _, { Value: > 1 }] or [_, { Value: > 1 }, _, _] } ? new HeadSite(output, null, null) : null;
    }

    private static bool IsScores(TensorInfo? info) => info?.Shape is [_, _, { Value: 1 }, { Value: 1 }];

    /// <summary>The linear layer that ends in the node: Gemm, Conv, MatMul, or one of the latter two and the bias that is added to it.</summary>
    private static HeadSite? Linear(NodeProto node, GraphFacts facts)
    {
        if (node.OpType == "Add")
        {
            var sum = node.Input.Count != 2 ? null : !facts.IsData(node.Input[1]) ? node.Input[0] : !facts.IsData(node.Input[0]) ? node.Input[1] : null;
            return sum is not null && facts.Producer(sum) is { OpType: "MatMul" or "Conv" } product ? Linear(product, facts) : null;
        }

        if (!IsLinear(node, facts))
        {
            return null;
        }

        var (features, weight) = facts.IsData(node.Input[0]) ? (node.Input[0], node.Input[1]) : (node.Input[1], node.Input[0]);
        return new HeadSite(features, node, facts.Stored(weight)?.Name);
    }

    private static bool IsLinear(NodeProto node, GraphFacts facts)
    {
        return node.IsStandard() && node.OpType is "Gemm" or "MatMul" or "Conv" && node.Input.Count >= 2 && facts.IsData(node.Input[0]) != facts.IsData(node.Input[1]);
    }

    private static string NameOf(NodeProto node) => node.Name.Length > 0 ? node.Name : node.Output[0];
}
