namespace OneFractal.Export;

/// <summary>Says why a node reads a value that no node before it computes.</summary>
internal static class NodeOrder
{
    /// <summary>The cause: nobody computes the value, a later node does, or a later node that needs this node's own result.</summary>
    public static string Explain(GraphProto graph, NodeProto reader, string value)
    {
        var producer = graph.Node.FirstOrDefault(n => n.Output.Contains(value));
        return producer is null ? "which nothing computes"
            : DependsOn(graph, producer, reader) ? $"which {producer.Describe()} computes from this node's result: a cycle"
            : $"which nothing before it computes: {producer.Describe()} comes later, and nodes must stand in the order in which they run";
    }

    private static bool DependsOn(GraphProto graph, NodeProto node, NodeProto source)
    {
        var readers = graph.Node.SelectMany(n => n.AllReads().Select(value => (value, n))).ToLookup(p => p.value, p => p.n);
        var reached = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance) { source };
        var pending = new Queue<NodeProto>(reached);
        while (pending.TryDequeue(out var next))
        {
            if (next == node)
            {
                return true;
            }

            foreach (var reader in next.Output.Where(o => o.Length > 0).SelectMany(o => readers[o]).Where(reached.Add))
            {
                pending.Enqueue(reader);
            }
        }

        return false;
    }
}
