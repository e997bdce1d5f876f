namespace OneFractal.Export;

/// <summary>
/// Puts the body of every local function (ModelProto.functions, as PyTorch's exporter writes them) in the place of its calls, so that a model has
/// nothing but operators.
/// </summary>
internal sealed class FunctionInlining
{
    // Functions that call functions can grow without bound from a small file.
    private const int MostNodes = 50_000, MostBytes = 1 << 28, LongestPrefix = 100;

    private readonly string _source;
    private readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> _functions = [];
    private readonly HashSet<string> _names;
    private int _calls;
    private long _nodes;
    private long _bytes;

    private FunctionInlining(ModelProto proto, string source)
    {
        _source = source;
        foreach (var function in proto.Functions)
        {
            if (!_functions.TryAdd(Key(function.Domain, function.Name, function.Overload), function))
            {
                throw Error($"two local functions are called '{function.Name}'");
            }

            CheckOpset(proto, function);
        }

        var graphs = proto.Graph.WithBodies().ToArray();
        _names = [.. graphs.SelectMany(g => g.Node.SelectMany(n => n.Input.Concat(n.Output)).Concat(g.Input.Select(i => i.Name)).Concat(g.Initializer.Select(t => t.Name)))];
    }

    /// <summary>Changes the message so that it has no functions.</summary>
    /// <exception cref="ModelException">A function that calls itself, is ambiguous, written for another opset, or too large.</exception>
    public static void Apply(ModelProto proto, string source)
    {
        if (proto.Functions.Count > 0 && proto.Graph is not null)
        {
            var inlining = new FunctionInlining(proto, source);
            var pending = new Stack<GraphProto>([proto.Graph]);
            while (pending.TryPop(out var graph))
            {
                GraphEdits.Replace(graph.Node, inlining.Expand(graph.Node));
                foreach (var body in graph.Node.SelectMany(n => n.Bodies()))
                {
                    pending.Push(body);
                }
            }

            proto.Functions.Clear();
        }
    }

    private List<NodeProto> Expand(IEnumerable<NodeProto> nodes)
    {
        var result = new List<NodeProto>();
        var pending = new Stack<(NodeProto Node, int Depth)>(nodes.Reverse().Select(n => (n, 0)));
        while (pending.TryPop(out var next))
        {
            if (!_functions.TryGetValue(Key(next.Node.Domain, next.Node.OpType, next.Node.Overload), out var function))
            {
                result.Add(next.Node);
                continue;
            }

            if (next.Depth == OnnxModel.MaximumNesting)
            {
                throw Error($"the local function '{function.Name}' calls itself, or functions are nested more than {OnnxModel.MaximumNesting} deep");
            }

            foreach (var node in Instantiate(function, next.Node).Reverse())
            {
                pending.Push((node, next.Depth + 1));
            }
        }

        return result;
    }

    private NodeProto[] Instantiate(FunctionProto function, NodeProto call)
    {
        _nodes += function.Node.Count + function.Node.Sum(n => n.Bodies().SelectMany(b => b.WithBodies()).Sum(g => g.Node.Count));
        _bytes += function.CalculateSize();
        if (_nodes > MostNodes || _bytes > MostBytes)
        {
            throw Error($"its local functions make more than {MostNodes} nodes or {MostBytes >> 20} MiB");
        }

        if (call.Input.Count > function.Input.Count || call.Output.Count > function.Output.Count)
        {
            throw Error($"{call.Describe()} has more inputs or outputs than the local function '{function.Name}'");
        }

        var names = new Dictionary<string, string> { [""] = "" };
        for (var i = 0; i < function.Input.Count; i++)
        {
            names[function.Input[i]] = i < call.Input.Count ? call.Input[i] : "";
        }

        var identities = new List<NodeProto>();
        for (var i = 0; i < call.Output.Count; i++)
        {
            // What is handed through, or handed out twice, needs a node that gives it the second name.
            if (call.Output[i].Length > 0 && !names.TryAdd(function.Output[i], call.Output[i]))
            {
                var identity = new NodeProto { OpType = "Identity", Name = call.Name };
                identity.Input.Add(names[function.Output[i]]);
                identity.Output.Add(call.Output[i]);
                identities.Add(identity);
            }
        }

        var prefix = $"{call.Name[..Math.Min(LongestPrefix, call.Name.Length)]}.{++_calls}/";
        var body = function.Node.Select(n => n.Clone()).ToArray();
        foreach (var node in body)
        {
            node.Name = prefix + node.Name;
            Bind(node, function, call);
            Rename(node, name => names.TryGetValue(name, out var known) ? known : names[name] = Fresh(prefix + name));
        }

        return [.. body, .. identities];
    }

    /// <summary>Gives attributes that refer to the function's their values from the call, or the function's defaults.</summary>
    private static void Bind(NodeProto node, FunctionProto function, NodeProto call)
    {
        var bound = new List<AttributeProto>();
        foreach (var attribute in node.Attribute)
        {
            foreach (var inner in attribute.Graphs.Append(attribute.G).OfType<GraphProto>().SelectMany(g => g.Node))
            {
                Bind(inner, function, call);
            }

            if (attribute.RefAttrName.Length == 0)
            {
                bound.Add(attribute);
            }
            else if ((call.Find(attribute.RefAttrName) ?? function.AttributeProto.FirstOrDefault(a => a.Name == attribute.RefAttrName)) is { } value)
            {
                bound.Add(new AttributeProto(value) { Name = attribute.Name });
            }
        }

        GraphEdits.Replace(node.Attribute, bound);
    }

    private static void Rename(NodeProto node, Func<string, string> rename)
    {
        for (var i = 0; i < node.Input.Count; i++)
        {
            node.Input[i] = rename(node.Input[i]);
        }

        for (var i = 0; i < node.Output.Count; i++)
        {
            node.Output[i] = rename(node.Output[i]);
        }

        foreach (var body in node.Bodies())
        {
            foreach (var value in body.Input.Concat(body.Output).Concat(body.ValueInfo))
            {
                value.Name = rename(value.Name);
            }

            foreach (var tensor in body.Initializer)
            {
                tensor.Name = rename(tensor.Name);
            }

            foreach (var inner in body.Node)
            {
                Rename(inner, rename);
            }
        }
    }

    private string Fresh(string name)
    {
        var fresh = name;
        for (var i = 2; !_names.Add(fresh); i++)
        {
            fresh = $"{name}.{i}";
        }

        return fresh;
    }

    private void CheckOpset(ModelProto proto, FunctionProto function)
    {
        foreach (var import in function.OpsetImport)
        {
            if (proto.OpsetImport.FirstOrDefault(o => Domain(o.Domain) == Domain(import.Domain)) is { } model && model.Version != import.Version)
            {
                throw Error($"the local function '{function.Name}' is written for opset {import.Version}, the graph for {model.Version}");
            }
        }
    }

    private static string Domain(string domain) => domain == OnnxModel.DefaultDomain ? "" : domain;

    private static (string, string, string) Key(string domain, string name, string overload) => (Domain(domain), name, overload);

    private ModelException Error(string problem) => new($"'{_source}': {problem}.");
}
