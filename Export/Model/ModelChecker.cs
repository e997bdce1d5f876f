namespace OneFractal.Export;

/// <summary>
/// Structural check: opset, names, types, tensors' data, topological order, and metadata that points at values which exist. It takes time linear in
/// the file, whatever the file says.
/// </summary>
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

        CheckOpsets(model);
        if (proto.Functions.FirstOrDefault() is { } function)
        {
            throw Error(model, $"the local function '{function.Name}' must be put in the place of its calls first");
        }

        if (proto.Graph.Output.Count == 0)
        {
            throw Error(model, "the graph has no outputs");
        }

        var defined = CheckGraph(model, proto.Graph, new ValueScope());
        CheckMetadata(model, defined);
    }

    private static void CheckOpsets(OnnxModel model)
    {
        var domains = new HashSet<string>();
        foreach (var import in model.Proto.OpsetImport)
        {
            if (!domains.Add(import.Domain == OnnxModel.DefaultDomain ? "" : import.Domain))
            {
                throw Error(model, $"it imports two opsets of the domain '{import.Domain}'");
            }
        }

        if (!domains.Contains(""))
        {
            throw Error(model, "it does not say which opset of the ONNX operators it uses");
        }

        if (model.Opset is < OnnxModel.OldestOpset or > OnnxModel.NewestOpset)
        {
            throw Error(model, $"opset {model.Opset} is not supported; {OnnxModel.OldestOpset} to {OnnxModel.NewestOpset} are read");
        }
    }

    private static ValueScope CheckGraph(OnnxModel model, GraphProto graph, ValueScope defined)
    {
        if (defined.Depth > OnnxModel.MaximumNesting)
        {
            throw Error(model, $"graphs are nested more than {OnnxModel.MaximumNesting} deep");
        }

        if (graph.SparseInitializer.FirstOrDefault() is { } sparse)
        {
            throw Error(model, $"the initializer '{sparse.Values?.Name}' is a sparse tensor, which is not supported");
        }

        var initializers = new HashSet<string>();
        foreach (var tensor in graph.Initializer)
        {
            if (tensor.Name.Length == 0 || !initializers.Add(tensor.Name) || !defined.Add(tensor.Name))
            {
                throw Error(model, $"two initializers are called '{tensor.Name}', or one without a name");
            }

            CheckData(model, tensor, $"initializer '{tensor.Name}'");
        }

        foreach (var input in graph.Input)
        {
            // Up to IR 3, initializers are listed as inputs too.
            if (input.Name.Length == 0 || (!defined.Add(input.Name) && !initializers.Remove(input.Name)))
            {
                throw Error(model, $"two inputs are called '{input.Name}', or one without a name");
            }
        }

        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            CheckDeclaration(model, value);
        }

        foreach (var node in graph.Node)
        {
            CheckNode(model, graph, node, defined);
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

    private static void CheckData(OnnxModel model, TensorProto tensor, string what)
    {
        if (!Enum.IsDefined(tensor.ElementType()) || tensor.ElementType() == DataType.Undefined)
        {
            throw Error(model, $"{what} has the unknown element type {tensor.DataType}");
        }

        // A file's are read before; of a model inside another file they would be files that nobody has looked at.
        if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
        {
            throw Error(model, $"{what} has its values in another file");
        }

        if (tensor.FindFault() is { } fault)
        {
            throw Error(model, $"{what} {fault}");
        }
    }

    private static void CheckDeclaration(OnnxModel model, ValueInfoProto value)
    {
        if (value.Type?.TensorType is not { } tensor)
        {
            return;
        }

        if (!Enum.IsDefined((DataType)tensor.ElemType))
        {
            throw Error(model, $"'{value.Name}' is declared with the unknown element type {tensor.ElemType}");
        }

        if (tensor.Shape?.Dim.Count > TensorInfo.MaximumRank)
        {
            throw Error(model, $"'{value.Name}' is declared with {tensor.Shape.Dim.Count} dimensions; {TensorInfo.MaximumRank} are the most");
        }
    }

    private static void CheckNode(OnnxModel model, GraphProto graph, NodeProto node, ValueScope defined)
    {
        if (node.OpType.Length == 0)
        {
            throw Error(model, $"node '{node.Name}' has no operator");
        }

        if (!node.IsStandard() && !model.Proto.OpsetImport.Any(o => o.Domain == node.Domain))
        {
            throw Error(model, $"{node.Describe()} is of the domain '{node.Domain}', of which no opset is imported");
        }

        if (node.Input.FirstOrDefault(i => i.Length > 0 && !defined.Contains(i)) is { } missing)
        {
            throw Error(model, $"{node.Describe()} reads '{missing}', {NodeOrder.Explain(graph, node, missing)}");
        }

        CheckAttributes(model, node);
        foreach (var body in node.Bodies())
        {
            CheckGraph(model, body, new ValueScope(defined));
        }

        foreach (var output in node.Output.Where(o => o.Length > 0))
        {
            if (!defined.Add(output))
            {
                throw Error(model, $"{node.Describe()} computes '{output}', which exists already");
            }
        }
    }

    private static void CheckAttributes(OnnxModel model, NodeProto node)
    {
        var names = new HashSet<string>();
        foreach (var attribute in node.Attribute)
        {
            if (attribute.Name.Length == 0)
            {
                throw Error(model, $"{node.Describe()} has an attribute without a name");
            }

            if (!names.Add(attribute.Name))
            {
                throw Error(model, $"{node.Describe()} has two attributes '{attribute.Name}'");
            }

            if (attribute.RefAttrName.Length > 0)
            {
                throw Error(model, $"{node.Describe()}: '{attribute.Name}' refers to an attribute of a function, outside one");
            }

            foreach (var tensor in attribute.Tensors())
            {
                CheckData(model, tensor, $"{node.Describe()}: the tensor '{attribute.Name}'");
            }
        }
    }

    private static void CheckMetadata(OnnxModel model, ValueScope defined)
    {
        var types = model.Graph.Initializer.ToDictionary(t => t.Name, t => t.ElementType());
        var trainable = new HashSet<string>();
        foreach (var name in model.TrainableNames ?? [])
        {
            if (types.GetValueOrDefault(name) is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double) || !trainable.Add(name))
            {
                throw Error(model, $"trainable '{name}' is not an initializer of floating-point type, or is named twice");
            }
        }

        if (model.ResidualBranches?.FirstOrDefault(b => b.Depth is not (>= 0 and <= 1)) is { } branch)
        {
            throw Error(model, $"the residual branch '{branch.Value}' has the depth {branch.Depth}, which is not in [0, 1]");
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
