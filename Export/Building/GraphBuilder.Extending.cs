namespace OneFractal.Export;

public sealed partial class GraphBuilder
{
    private readonly Dictionary<string, TensorInfo> _known = [];

    private GraphBuilder(GraphProto graph, int opset, Dictionary<string, TensorInfo> known)
    {
        (_graph, Opset, _known) = (graph, opset, known);
        _scopes.Push("");
        // A graph must not use a name of the graphs inside it either.
        _names.UnionWith(graph.DefinedNames());
        _nodes.UnionWith(graph.WithBodies().SelectMany(g => g.Node).Select(n => n.Name));

        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output)
            {
                _producers[output] = node;
            }
        }
    }

    /// <summary>A builder that adds nodes to <paramref name="model"/> itself, whose values are found by <see cref="Find"/>.</summary>
    /// <exception cref="ModelException">A node's inputs do not fit its operator.</exception>
    public static GraphBuilder Extend(OnnxModel model) => new(model.Graph, model.Opset, ShapeInference.InferAll(model));

    /// <summary>A value of the graph that is extended.</summary>
    /// <exception cref="ModelException">There is none of that name, or nothing is known of its shape.</exception>
    public Value Find(string name)
    {
        return _known.TryGetValue(name, out var info) && info.Shape is not null
            ? new Value(name, info)
            : throw new ModelException($"'{_graph.Name}': the shape of '{name}' is not known.");
    }

    /// <summary>Whether the graph that is extended has a value of that name, whose type is known.</summary>
    public bool Knows(string name) => _known.ContainsKey(name);

    /// <summary>The type of a value; null where it is not known.</summary>
    public DataType? TypeOf(string name) => _known.GetValueOrDefault(name)?.Type;

    /// <summary>Declares a value as a graph output of another name.</summary>
    public void Output(string name, Value value)
    {
        var node = new NodeProto { OpType = "Identity", Name = name };
        node.Input.Add(value.Name);
        node.Output.Add(Claim(name));
        _graph.Node.Add(node);
        _graph.Output.Add(value.Info.ToProto(name));
    }
}
