namespace OneFractal.Export;

/// <summary>A node that is brought to another opset, and what is known around it.</summary>
/// <param name="model">The copy that is changed, still of the old opset.</param>
/// <param name="proto">The node, which is changed itself.</param>
/// <param name="infos">What is known of the values.</param>
/// <param name="read">Values that a node or the caller reads.</param>
/// <param name="names">Names that are taken.</param>
/// <param name="target">The opset that it is brought to.</param>
internal sealed class OpsetUpgradeNode(
    OnnxModel model, NodeProto proto, IReadOnlyDictionary<string, TensorInfo> infos, IReadOnlySet<string> read, HashSet<string> names, int target)
{
    private readonly string _stem = proto.Output.FirstOrDefault(o => o.Length > 0) ?? proto.OpType;

    public NodeProto Proto { get; } = proto;

    /// <summary>The opset that the node is of.</summary>
    public int Opset => model.Opset;

    /// <summary>The opset that it is brought to.</summary>
    public int Target => target;

    /// <summary>What is known of an input, or null.</summary>
    public TensorInfo? Info(int input) => Proto.InputOrNull(input) is { } name ? infos.GetValueOrDefault(name) : null;

    /// <summary>The types of inputs and outputs that are known.</summary>
    public IEnumerable<DataType> Types()
    {
        return Proto.Input.Concat(Proto.Output).Select(name => infos.GetValueOrDefault(name)?.Type).Where(type => type is not null).Select(type => type!.Value);
    }

    /// <summary>Whether somebody reads the value.</summary>
    public bool IsRead(string value) => value.Length > 0 && read.Contains(value);

    /// <summary>A name that is free, after the node's output.</summary>
    public string Fresh(string what)
    {
        var name = $"{_stem}.{what}";
        for (var i = 2; !names.Add(name); i++)
        {
            name = $"{_stem}.{what}_{i}";
        }

        return name;
    }

    /// <summary>Stores a constant, whose name says what it is to the node; returns the name it gets.</summary>
    public string Constant(TensorProto tensor)
    {
        tensor.Name = Fresh(tensor.Name);
        model.Graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    /// <summary>Replaces an attribute.</summary>
    public OpsetUpgradeNode Set(string attribute, object value)
    {
        Remove(attribute);
        Proto.Set(attribute, value);
        return this;
    }

    /// <summary>Removes an attribute, where there is one.</summary>
    public OpsetUpgradeNode Remove(string attribute)
    {
        if (Proto.Find(attribute) is { } found)
        {
            Proto.Attribute.Remove(found);
        }

        return this;
    }

    /// <summary>Replaces an input, or adds it after inputs that are left out.</summary>
    public OpsetUpgradeNode SetInput(int index, string name)
    {
        while (Proto.Input.Count <= index)
        {
            Proto.Input.Add("");
        }

        Proto.Input[index] = name;
        return this;
    }

    /// <summary>Leaves an input out.</summary>
    public OpsetUpgradeNode DropInput(int index)
    {
        if (index < Proto.Input.Count)
        {
            Proto.Input[index] = "";
        }

        while (Proto.Input.Count > 0 && Proto.Input[^1].Length == 0)
        {
            Proto.Input.RemoveAt(Proto.Input.Count - 1);
        }

        return this;
    }

    /// <summary>Makes an input of a list of integers, where the node has it.</summary>
    public OpsetUpgradeNode IntsToInput(string attribute, int input)
    {
        return Proto.GetInts(attribute) is not { } values ? this
            : Remove(attribute).SetInput(input, Constant(TensorProtoExtensions.Int64(attribute, [values.Length], values)));
    }

    /// <summary>Makes an input, of the type of the first, of a number, where the node has it.</summary>
    public OpsetUpgradeNode ScalarToInput(string attribute, int input)
    {
        if (Proto.Find(attribute) is null)
        {
            return this;
        }

        RequireFloat();
        var value = Proto.GetFloat(attribute, 0);
        return Remove(attribute).SetInput(input, Constant(TensorProtoExtensions.Float(attribute, [], [value])));
    }

    /// <summary>Refuses a first input that is not float32, which constants that are added are.</summary>
    public void RequireFloat()
    {
        if (Info(0)?.Type is not DataType.Float)
        {
            throw Error($"its input is of the type {Info(0)?.Type.ToString() ?? "unknown"}, and float32 alone is supported");
        }
    }

    public ModelException Error(string problem)
    {
        return new ModelException($"'{model.Source}': {Proto.Describe()} cannot be brought from opset {model.Opset} to {target}: {problem}.");
    }
}
