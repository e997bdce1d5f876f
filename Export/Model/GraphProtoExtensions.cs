namespace OneFractal.Export;

/// <summary>Walks through a graph and the graphs inside its nodes.</summary>
internal static class GraphProtoExtensions
{
    /// <summary>The bodies that the node holds (If, Loop, Scan …).</summary>
    public static IEnumerable<GraphProto> Bodies(this NodeProto node)
    {
        return node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Prepend(a.G));
    }

    /// <summary>The graph itself and every graph inside it, however deep.</summary>
    public static IEnumerable<GraphProto> WithBodies(this GraphProto graph)
    {
        var pending = new Stack<GraphProto>([graph]);
        while (pending.TryPop(out var next))
        {
            yield return next;
            foreach (var body in next.Node.SelectMany(n => n.Bodies()))
            {
                pending.Push(body);
            }
        }
    }

    /// <summary>Every tensor that is stored in the graph: initializers and attributes, those of the graphs inside it too.</summary>
    public static IEnumerable<TensorProto> Tensors(this GraphProto graph)
    {
        return graph.WithBodies().SelectMany(g => g.Initializer.Concat(g.Node.SelectMany(n => n.Attribute).SelectMany(Tensors)));
    }

    /// <summary>Names of all inputs, initializers and results of nodes, of the graphs inside it as well.</summary>
    public static HashSet<string> DefinedNames(this GraphProto graph)
    {
        return [.. graph.WithBodies().SelectMany(g => g.Input.Select(i => i.Name).Concat(g.Initializer.Select(t => t.Name)).Concat(g.Node.SelectMany(n => n.Output)))];
    }

    /// <summary>The tensors of an attribute.</summary>
    public static IEnumerable<TensorProto> Tensors(this AttributeProto attribute)
    {
        var sparse = attribute.SparseTensors.Append(attribute.SparseTensor).OfType<SparseTensorProto>();
        return attribute.Tensors.Append(attribute.T).Concat(sparse.SelectMany(s => new[] { s.Values, s.Indices })).OfType<TensorProto>();
    }

    /// <summary>Names that the node reads, and that the graphs inside it read from around them (or define: a superset).</summary>
    public static IEnumerable<string> AllReads(this NodeProto node)
    {
        var inner = node.Bodies().SelectMany(b => b.WithBodies());
        return node.Input.Concat(inner.SelectMany(g => g.Node.SelectMany(n => n.Input).Concat(g.Output.Select(o => o.Name))));
    }
}
