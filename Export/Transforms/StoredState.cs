namespace OneFractal.Export;

/// <summary>
/// Lets a graph whose state goes in and comes out begin with values that its file stores. Inputs with a default would be simpler, but several runtimes'
/// bindings never let go of the default: ONNX Runtime's for JavaScript feed what the file does not store, and leave out the rest without a word.
/// </summary>
public static class StoredState
{
    /// <summary>
    /// Adds the input <paramref name="restart"/>, bool []. Where it is true, stored values take the place of what is fed to the inputs of these names.
    /// </summary>
    /// <param name="model">Changed itself.</param>
    /// <param name="values">The tensor of each input; inputs that are not named stay as they are. Two may share one.</param>
    /// <param name="restart">Name of the new input.</param>
    /// <param name="nameOf">The name that a tensor is stored under.</param>
    public static void Add(OnnxModel model, IReadOnlyDictionary<string, TensorProto> values, string restart, Func<string, string> nameOf)
    {
        var graph = model.Graph;
        var inputs = graph.Input.Where(i => values.ContainsKey(i.Name)).ToArray();
        var current = inputs.ToDictionary(i => i.Name, i => $"current.{i.Name}");
        foreach (var node in graph.WithBodies().SelectMany(g => g.Node))
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = current.GetValueOrDefault(node.Input[i], node.Input[i]);
            }
        }

        foreach (var tensor in values.Values.DistinctBy(t => t.Name))
        {
            graph.Initializer.Add(new TensorProto(tensor) { Name = nameOf(tensor.Name) });
        }

        graph.Input.Add(new TensorInfo(DataType.Bool, []).ToProto(restart));
        var choice = new NodeProto { OpType = "If", Name = restart };
        choice.Input.Add(restart);
        choice.Output.AddRange(inputs.Select(i => current[i.Name]));
        choice.Attribute.Add(Branch("then_branch", "stored", inputs, i => nameOf(values[i].Name)));
        choice.Attribute.Add(Branch("else_branch", "fed", inputs, i => i));
        graph.Node.Insert(0, choice);
    }

    private static AttributeProto Branch(string name, string prefix, ValueInfoProto[] inputs, Func<string, string> source)
    {
        var body = new GraphProto { Name = prefix };
        foreach (var input in inputs)
        {
            var value = $"{prefix}.{input.Name}";
            body.Node.Add(GraphEdits.MakeNode("Identity", value, source(input.Name)));
            body.Output.Add(new ValueInfoProto(input) { Name = value });
        }

        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = body };
    }
}
