namespace OneFractal.Export;

/// <summary>Edits that several transforms share.</summary>
public static class GraphEdits
{
    /// <summary>Lets every reader of <paramref name="from"/>, graph outputs excepted, read <paramref name="to"/>.</summary>
    public static void ReplaceReads(GraphProto graph, string from, string to, NodeProto? except = null)
    {
        foreach (var node in graph.Node.Where(n => n != except))
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                if (node.Input[i] == from)
                {
                    node.Input[i] = to;
                }
            }
        }
    }

    /// <summary>Removes nodes and initializers that no output needs, and forgets metadata about what is gone.</summary>
    public static void RemoveDeadCode(OnnxModel model)
    {
        var graph = model.Graph;
        var needed = graph.Output.Select(o => o.Name).ToHashSet();
        var live = new List<NodeProto>();
        foreach (var node in graph.Node.Reverse())
        {
            if (node.Output.Any(needed.Contains))
            {
                live.Add(node);
                needed.UnionWith(node.AllReads().Where(n => n.Length > 0));
            }
        }

        live.Reverse();
        Replace(graph.Node, live);
        // Up to IR 3, initializers are inputs too; one that is gone must not stay as an input that somebody has to feed.
        var gone = graph.Initializer.Select(t => t.Name).Where(name => !needed.Contains(name)).ToHashSet();
        Replace(graph.Initializer, graph.Initializer.Where(t => !gone.Contains(t.Name)).ToArray());
        Replace(graph.Input, graph.Input.Where(i => !gone.Contains(i.Name)).ToArray());
        Replace(graph.ValueInfo, graph.ValueInfo.Where(v => needed.Contains(v.Name)).ToArray());
        if (model.TrainableNames is { } trainable)
        {
            var initializers = graph.Initializer.Select(t => t.Name).ToHashSet();
            model.TrainableNames = [.. trainable.Where(initializers.Contains)];
        }

        if (model.ResidualBranches is { } branches)
        {
            model.ResidualBranches = [.. branches.Where(b => needed.Contains(b.Value))];
        }
    }

    /// <summary>A node with one output, which is also its name.</summary>
    public static NodeProto MakeNode(string opType, string output, params ReadOnlySpan<string> inputs)
    {
        var node = new NodeProto { OpType = opType, Name = output };
        foreach (var input in inputs)
        {
            node.Input.Add(input);
        }

        node.Output.Add(output);
        return node;
    }

    /// <summary>The name, or one like it, that no value of the graph has.</summary>
    public static string FreshName(GraphProto graph, string name) => FreshName(graph.DefinedNames(), name);

    /// <summary>The name, or one like it, that is not taken.</summary>
    public static string FreshName(IReadOnlySet<string> taken, string name)
    {
        var fresh = name;
        for (var i = 2; taken.Contains(fresh); i++)
        {
            fresh = $"{name}_{i}";
        }

        return fresh;
    }

    /// <summary>What is known of the first output: what the file declares, or what its nodes say.</summary>
    /// <exception cref="ModelException">Neither says anything.</exception>
    public static TensorInfo FirstOutput(OnnxModel model)
    {
        var output = model.Graph.Output[0];
        return TensorInfo.From(output) ?? ShapeInference.InferAll(model).GetValueOrDefault(output.Name)
            ?? throw new ModelException($"'{model.Source}': nothing is known of the type and shape of its output '{output.Name}'.");
    }

    /// <summary>Replaces the items of a protobuf list, which has no such operation of its own.</summary>
    public static void Replace<T>(ICollection<T> list, IReadOnlyCollection<T> items)
    {
        list.Clear();
        foreach (var item in items)
        {
            list.Add(item);
        }
    }
}
