using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// Lets Relu and Add overwrite an input that nobody else reads and that no backward pass needs, as hand-written networks do
/// (<c>nn.ReLU(inplace=True)</c>, <c>x += shortcut</c>): an activation less in memory, and a pass less over it.
/// </summary>
internal static class InPlace
{
    /// <summary>Their results are tensors of their own, not views, and their backward passes do not read them.</summary>
    private static readonly HashSet<string> Overwritable = ["Conv", "BatchNormalization", "Add", Fusions.LinearName];

    /// <summary>The nodes with the kernels exchanged where that is sound.</summary>
    public static PlanNode[] Apply(GraphView graph, IReadOnlyList<PlanNode> nodes)
    {
        var operators = nodes.SelectMany(n => n.Outputs.Select(o => (o, n.Operator))).Where(p => p.o.Length > 0).ToDictionary(p => p.o, p => p.Operator);
        var readers = nodes.SelectMany(n => n.Inputs).Concat(graph.Model.Graph.Output.Select(o => o.Name)).CountBy(n => n).ToDictionary();
        bool Free(string value) => readers[value] == 1 && operators.TryGetValue(value, out var by) && Overwritable.Contains(by);

        PlanNode Exchange(PlanNode node)
        {
            switch (node.Operator)
            {
                case "Relu" when Free(node.Inputs[0]):
                    return node with { Kernel = (i, _) => [i[0]!.relu_()] };
                case "Add" when SameInfo(graph, node.Inputs) && node.Inputs.FirstOrDefault(Free) is { } free:
                    var overwritten = node.Inputs[0] == free ? 0 : 1;
                    return node with { Kernel = (i, _) => [Overwrite(i[overwritten]!, i[1 - overwritten]!)] };
                default:
                    return node;
            }
        }

        return [.. nodes.Select(Exchange)];
    }

    private static Tensor Overwrite(Tensor x, Tensor y)
    {
        // Under mixed precision the two may meet in different types, and the sum takes the wider; a file may declare shapes that are not so.
        return x.dtype == y.dtype && x.numel() == y.numel() ? x.add_(y) : x + y;
    }

    /// <summary>Whether two inputs surely have one type and shape: a sum that broadcasts may not fit into its input.</summary>
    private static bool SameInfo(GraphView graph, IReadOnlyList<string> inputs)
    {
        return graph.Infos.GetValueOrDefault(inputs[0]) is { Shape: { } left } a && graph.Infos.GetValueOrDefault(inputs[1]) is { Shape: { } right } b
            && a.Type == b.Type && left.SequenceEqual(right) && !left.Any(d => d is { Value: null, Name: null });
    }
}
