namespace OneFractal.Export;

/// <summary>Parts of a graph as models of their own.</summary>
public static class Subgraph
{
    /// <summary>A copy with nothing but what one value needs, which is its only output, as float32.</summary>
    /// <param name="model">The model; it is not changed.</param>
    /// <param name="value">The value.</param>
    /// <param name="info">What is known of it. Some runtimes read no file whose outputs have no shape.</param>
    /// <param name="given">Values that become inputs, in the place of the nodes that compute them.</param>
    public static OnnxModel Extract(OnnxModel model, string value, TensorInfo info, IReadOnlyDictionary<string, TensorInfo>? given = null)
    {
        var result = model.Clone();
        var graph = result.Graph;
        foreach (var (name, input) in given ?? new Dictionary<string, TensorInfo>())
        {
            if (graph.Input.Any(i => i.Name == name))
            {
                continue;
            }

            // The node may still be needed for another output.
            var unread = GraphEdits.FreshName(graph, $"{name}.computed");
            foreach (var node in graph.Node)
            {
                for (var i = 0; i < node.Output.Count; i++)
                {
                    node.Output[i] = node.Output[i] == name ? unread : node.Output[i];
                }
            }

            graph.Input.Add(input.ToProto(name));
        }

        if (info.Type != DataType.Float)
        {
            var cast = GraphEdits.MakeNode("Cast", GraphEdits.FreshName(graph, $"{value}.float"), value);
            cast.Set("to", (long)DataType.Float);
            graph.Node.Add(cast);
            value = cast.Output[0];
        }

        GraphEdits.Replace(graph.Output, [(info with { Type = DataType.Float }).ToProto(value)]);
        graph.ValueInfo.Clear();
        result.Proto.MetadataProps.Clear();
        GraphEdits.RemoveDeadCode(result);
        var read = graph.Node.SelectMany(n => n.AllReads()).Append(value).ToHashSet();
        GraphEdits.Replace(graph.Input, graph.Input.Where(i => read.Contains(i.Name)).ToArray());
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>The value, and every value that it is computed from.</summary>
    public static IReadOnlySet<string> Needed(OnnxModel model, string value)
    {
        var needed = new HashSet<string> { value };
        foreach (var node in model.Graph.Node.Reverse().Where(n => n.Output.Any(needed.Contains)))
        {
            needed.UnionWith(node.AllReads().Where(n => n.Length > 0));
        }

        return needed;
    }

    /// <summary>The values that are computed from the graph's inputs, in the order of the nodes; not the inputs themselves.</summary>
    public static IReadOnlyList<string> ComputedFromInputs(OnnxModel model)
    {
        var stored = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        var from = model.Graph.Input.Select(i => i.Name).Where(n => !stored.Contains(n)).ToHashSet();
        var computed = new List<string>();
        foreach (var node in model.Graph.Node.Where(n => n.AllReads().Any(from.Contains)))
        {
            foreach (var output in node.Output.Where(o => o.Length > 0))
            {
                from.Add(output);
                computed.Add(output);
            }
        }

        return computed;
    }
}
