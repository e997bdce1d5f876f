namespace OneFractal.Export;

/// <summary>Structural check: opset, names, types, topological order, and metadata that points at values which exist.</summary>
public static class ModelChecker
{
    /// <summary>Checks the model.</summary>
    /// <exception cref="ModelException">The first thing found wrong.</exception>
    public static void Check(OnnxModel model)
    {
        var proto = model.Proto;
        if (proto.Graph is null)
        {
            throw Error(model, "not an ONNX model, or one without a graph");
        }

        if (!proto.HasIrVersion || proto.IrVersion < 3)
        {
            throw Error(model, $"IR version {proto.IrVersion} is too old; 3 or newer is read");
        }

        if (model.Opset is < OnnxModel.OldestOpset or > OnnxModel.NewestOpset)
        {
            throw Error(model, $"opset {model.Opset} is not supported; {OnnxModel.OldestOpset} to {OnnxModel.NewestOpset} are read");
        }

        if (proto.Graph.Output.Count == 0)
        {
            throw Error(model, "the graph has no outputs");
        }

        var defined = CheckGraph(model, proto.Graph, new HashSet<string>());
        CheckMetadata(model, defined);
    }

    private static HashSet<string> CheckGraph(OnnxModel model, GraphProto graph, IReadOnlySet<string> outer)
    {
        var defined = new HashSet<string>(outer);
        var initializers = new HashSet<string>();
        foreach (var tensor in graph.Initializer)
        {
            if (tensor.Name.Length == 0 || !initializers.Add(tensor.Name))
            {
                throw Error(model, $"two initializers are called '{tensor.Name}', or one without a name");
            }

            if (!Enum.IsDefined(tensor.ElementType()) || tensor.ElementType() == DataType.Undefined)
            {
                throw Error(model, $"initializer '{tensor.Name}' has the unknown element type {tensor.DataType}");
            }

            CheckData(model, tensor);
        }

        defined.UnionWith(initializers);
        foreach (var input in graph.Input)
        {
            // Up to IR 3, initializers are listed as inputs too.
            if (input.Name.Length == 0 || (!defined.Add(input.Name) && !initializers.Contains(input.Name)))
            {
                throw Error(model, $"two inputs are called '{input.Name}', or one without a name");
            }
        }

        foreach (var node in graph.Node)
        {
            CheckNode(model, node, defined);
        }

        var outputs = new HashSet<string>();
        foreach (var output in graph.Output)
        {
            if (!defined.Contains(output.Name))
            {
                throw Error(model, $"output '{output.Name}' is computed by no node");
            }

            if (!outputs.Add(output.Name))
            {
                throw Error(model, $"two outputs are called '{output.Name}'");
            }
        }

        return defined;
    }

    private static void CheckData(OnnxModel model, TensorProto tensor)
    {
        if (tensor.ElementType().ElementSize() == 0 || tensor.DataLocation == TensorProto.Types.DataLocation.External)
        {
            return;
        }

        try
        {
            // Throws when the bytes are not those of the shape.
            _ = tensor.ToBytes();
        }
        catch (ModelException e)
        {
            throw Error(model, e.Message.TrimEnd('.'));
        }
    }

    private static void CheckNode(OnnxModel model, NodeProto node, HashSet<string> defined)
    {
        if (node.OpType.Length == 0)
        {
            throw Error(model, $"node '{node.Name}' has no operator");
        }

        if (node.Input.FirstOrDefault(i => i.Length > 0 && !defined.Contains(i)) is { } missing)
        {
            throw Error(model, $"{node.Describe()} reads '{missing}', which nothing before it computes");
        }

        foreach (var attribute in node.Attribute)
        {
            if (attribute.Name.Length == 0)
            {
                throw Error(model, $"{node.Describe()} has an attribute without a name");
            }

            foreach (var body in attribute.Graphs.Prepend(attribute.G).OfType<GraphProto>())
            {
                CheckGraph(model, body, defined);
            }
        }

        foreach (var output in node.Output.Where(o => o.Length > 0))
        {
            if (!defined.Add(output))
            {
                throw Error(model, $"{node.Describe()} computes '{output}', which exists already");
            }
        }
    }

    private static void CheckMetadata(OnnxModel model, HashSet<string> defined)
    {
        foreach (var name in model.TrainableNames ?? [])
        {
            if (model.FindInitializer(name) is not { } tensor || tensor.ElementType() is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double))
            {
                throw Error(model, $"trainable '{name}' is not an initializer of floating-point type");
            }
        }

        foreach (var name in (model.ResidualBranches ?? []).Select(b => b.Value).Concat(model.FeaturesValue is { } f ? [f] : []))
        {
            if (!defined.Contains(name))
            {
                throw Error(model, $"metadata names the value '{name}', which does not exist");
            }
        }
    }

    private static ModelException Error(OnnxModel model, string problem) => new($"'{model.Source}': {problem}.");
}
