namespace OneFractal.Export;

/// <summary>
/// Builds a graph node by node. Types and shapes are inferred at each call, so a node that does not fit throws at the line that built it.
/// Parameters are named by module path, as in PyTorch: <c>Scope("blocks.0")</c>, <c>Scope("attn")</c>, <c>Parameter("weight", …)</c>.
/// </summary>
public sealed partial class GraphBuilder
{
    private readonly GraphProto _graph;
    private readonly HashSet<string> _names = [];
    private readonly HashSet<string> _nodes = [];
    private readonly List<string> _trainable = [];
    private readonly List<ResidualBranch> _branches = [];
    private readonly Stack<string> _scopes = new();
    private readonly Dictionary<string, int> _counters = [];
    private readonly Dictionary<string, NodeProto> _producers = [];
    private readonly Dictionary<string, Value> _constants = [];

    /// <summary>An empty graph.</summary>
    public GraphBuilder(string name, int opset = OnnxModel.WrittenOpset)
    {
        _graph = new GraphProto { Name = name };
        Opset = opset;
        _scopes.Push("");
    }

    /// <summary>Version of the default operator set.</summary>
    public int Opset { get; }

    /// <summary>Enters a module: what is made until the result is disposed carries its path.</summary>
    public IDisposable Scope(string module)
    {
        _scopes.Push(Qualify(module));
        return new ScopeExit(_scopes);
    }

    /// <summary>A graph input; dimensions are numbers or names.</summary>
    public Value Input(string name, DataType type, params Dim[] shape)
    {
        var value = new Value(Claim(name), new TensorInfo(type, shape));
        _graph.Input.Add(value.Info.ToProto(name));
        _known[value.Name] = value.Info;
        return value;
    }

    /// <summary>
    /// A trainable float32 initializer at the current module path. <paramref name="fill"/> gets its full name and
    /// its row-major values, all zero, to initialise.
    /// </summary>
    public Value Parameter(string name, long[] shape, FillParameter fill)
    {
        var full = Qualify(name);
        var values = new float[shape.Aggregate(1L, (p, d) => p * d)];
        fill(full, shape, values);
        var value = Initializer(TensorProtoExtensions.Float(full, shape, values));
        _trainable.Add(full);
        return value;
    }

    /// <summary>An initializer that does not train.</summary>
    public Value Initializer(TensorProto tensor)
    {
        var value = new Value(Claim(tensor.Name), TensorInfo.From(tensor));
        _graph.Initializer.Add(tensor);
        _known[value.Name] = value.Info;
        return value;
    }

    /// <summary>A constant vector of int64, shared by all uses of the same numbers.</summary>
    public Value Int64s(params long[] values)
    {
        return Constant($"const.int64[{string.Join(",", values)}]", () => TensorProtoExtensions.Int64("", [values.Length], values));
    }

    /// <summary>An int64 scalar constant, shared by all uses of the same number.</summary>
    public Value Int64(long value)
    {
        return Constant($"const.int64({value})", () => TensorProtoExtensions.Int64("", [], [value]));
    }

    /// <summary>A float32 scalar constant, shared by all uses of the same number.</summary>
    public Value Float(float value)
    {
        return Constant(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"const.float({value:R})"), () => TensorProtoExtensions.Float("", [], [value]));
    }

    /// <summary>
    /// A constant that all who ask for <paramref name="key"/> share, also with what made the graph that is extended: where that has the name for another value, the constant
    /// gets a name of its own.
    /// </summary>
    /// <param name="key">Its name, which says all that it is.</param>
    /// <param name="make">Makes it, under any name.</param>
    public Value Constant(string key, Func<TensorProto> make)
    {
        if (_constants.TryGetValue(key, out var made))
        {
            return made;
        }

        var tensor = make();
        tensor.Name = key;
        if (tensor.Equals(_graph.Initializer.FirstOrDefault(t => t.Name == key)))
        {
            return _constants[key] = Find(key);
        }

        tensor.Name = FreeName(key);
        return _constants[key] = Initializer(tensor);
    }

    /// <summary>A name that no value has so far: <paramref name="name"/>, or one that begins so.</summary>
    public string FreeName(string name) => GraphEdits.FreshName(_names, name);

    /// <summary>The node that computes the value, or null for inputs and initializers.</summary>
    public NodeProto? Producer(Value value) => _producers.GetValueOrDefault(value.Name);

    /// <summary>Adds a node with one output and infers its type and shape.</summary>
    /// <exception cref="ModelException">The inputs do not fit the operator.</exception>
    public Value Node(string opType, IReadOnlyList<Value?> inputs, params (string Name, object Value)[] attributes)
    {
        return Nodes(opType, 1, inputs, attributes)[0];
    }

    /// <summary>Adds a node and infers its outputs' types and shapes.</summary>
    /// <exception cref="ModelException">The inputs do not fit the operator.</exception>
    public Value[] Nodes(string opType, int outputs, IReadOnlyList<Value?> inputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = opType, Name = NextName(opType, outputs) };
        node.Input.AddRange(inputs.Select(i => i?.Name ?? ""));
        foreach (var (name, value) in attributes)
        {
            node.Set(name, value);
        }

        node.Output.Add(OutputNames(node.Name, outputs).Select(Claim));

        var infos = ShapeInference.Infer(node, Opset, [.. inputs.Select(i => i?.Info)]);
        if (infos.Length < outputs)
        {
            throw new ModelException($"{node.Describe()}: {outputs} outputs are asked for, but {infos.Length} are known.");
        }

        _graph.Node.Add(node);
        Value[] values = [.. node.Output.Select((name, i) => new Value(name, infos[i]))];
        foreach (var value in values)
        {
            _known[value.Name] = value.Info;
            _producers[value.Name] = node;
        }

        return values;
    }

    /// <summary>Gives the newest node's only output a name of its own.</summary>
    public Value Rename(Value value, string name)
    {
        var node = _graph.Node[^1];
        if (node.Output.Count != 1 || node.Output[0] != value.Name)
        {
            throw new ModelException($"Only the newest value can be renamed, not '{value.Name}'.");
        }

        node.Output[0] = Claim(name);
        return value with { Name = name };
    }

    /// <summary>
    /// Marks the end of a residual branch, where training may put stochastic depth. Returns the value itself.
    /// </summary>
    /// <param name="branch">The branch's last value, before it is added to the stream.</param>
    /// <param name="depth">Position of its block, from 0 (first) to 1 (last).</param>
    public Value ResidualBranch(Value branch, double depth)
    {
        _branches.Add(new ResidualBranch(branch.Name, depth));
        return branch;
    }

    /// <summary>Declares a value as a graph output.</summary>
    public void Output(Value value) => _graph.Output.Add(value.Info.ToProto(value.Name));

    /// <summary>The finished, checked model.</summary>
    /// <param name="featuresValue">Name of the value that holds the pooled features, if the graph has one.</param>
    /// <exception cref="ModelException">The graph is invalid, for instance without an output.</exception>
    public OnnxModel Build(string? featuresValue = null)
    {
        var proto = new ModelProto
        {
            IrVersion = OnnxModel.WrittenIrVersion,
            ProducerName = "OneFractal",
            ProducerVersion = typeof(GraphBuilder).Assembly.GetName().Version!.ToString(3),
            Graph = _graph,
        };
        proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        var model = new OnnxModel(proto, _graph.Name)
        {
            TrainableNames = _trainable,
            ResidualBranches = _branches,
            FeaturesValue = featuresValue,
        };
        ModelChecker.Check(model);
        return model;
    }

    private string Qualify(string name) => _scopes.Peek().Length == 0 ? name : $"{_scopes.Peek()}.{name}";

    /// <summary>A node name that neither a node nor a value has, its outputs' names included: a graph that is extended may have used any.</summary>
    private string NextName(string opType, int outputs)
    {
        var stem = _scopes.Peek().Length == 0 ? opType : $"{_scopes.Peek()}/{opType}";
        while (true)
        {
            var count = _counters[stem] = _counters.GetValueOrDefault(stem) + 1;
            var name = count == 1 ? stem : $"{stem}_{count}";
            if (OutputNames(name, outputs).All(n => !_names.Contains(n)) && _nodes.Add(name))
            {
                return name;
            }
        }
    }

    private static string[] OutputNames(string node, int outputs)
    {
        return outputs == 1 ? [node + "_output"] : [.. Enumerable.Range(0, outputs).Select(i => $"{node}_output_{i}")];
    }

    private string Claim(string name)
    {
        return _names.Add(name) ? name : throw new ModelException($"The graph '{_graph.Name}' already has a value called '{name}'.");
    }

    private sealed class ScopeExit(Stack<string> scopes) : IDisposable
    {
        public void Dispose() => scopes.Pop();
    }
}
