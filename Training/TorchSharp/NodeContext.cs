using static TorchSharp.torch;
using AttributeType = OneFractal.Export.Onnx.AttributeProto.Types.AttributeType;

namespace OneFractal.Training;

/// <summary>A node that is being compiled: its attributes, and which of its inputs are known constants.</summary>
internal sealed class NodeContext(GraphView graph, NodeProto node)
{
    private readonly HashSet<int> _hostInputs = [];
    private readonly HashSet<string> _read = [];

    public NodeProto Node { get; } = node;

    public int Opset => graph.Model.Opset;

    /// <summary>Inputs that are read as numbers when the node runs, and so stay on the host.</summary>
    public IReadOnlyCollection<int> HostInputs => _hostInputs;

    public long Int(string name, long fallback) => Find(name, AttributeType.Int)?.I ?? fallback;

    /// <summary>An integer attribute, or null.</summary>
    public long? IntOrNull(string name) => Find(name, AttributeType.Int)?.I;

    public bool Flag(string name, bool fallback = false) => Int(name, fallback ? 1 : 0) != 0;

    public float Float(string name, float fallback) => FloatOrNull(name) ?? fallback;

    /// <summary>A float attribute, or null.</summary>
    public float? FloatOrNull(string name) => Find(name, AttributeType.Float)?.F;

    public long[]? Ints(string name) => Find(name, AttributeType.Ints)?.Ints.ToArray();

    public float[]? Floats(string name) => Find(name, AttributeType.Floats)?.Floats.ToArray();

    public string Text(string name, string fallback) => Find(name, AttributeType.String)?.S.ToStringUtf8() ?? fallback;

    public TensorProto? TensorValue(string name) => Find(name, AttributeType.Tensor)?.T;

    /// <summary>An element type that an attribute names, or null where there is none.</summary>
    /// <exception cref="ModelException">A type that torch does not compute with.</exception>
    public ScalarType? Type(string name)
    {
        var type = (DataType)Int(name, 0);
        return type == DataType.Undefined ? null : TensorConversion.TypeOf(type) ?? throw Error($"{name} is {type}, which TorchSharp does not compute with");
    }

    /// <summary>A string attribute, which must be one of <paramref name="allowed"/>; the first is the default.</summary>
    public string Choice(string name, params string[] allowed)
    {
        var value = Text(name, allowed[0]);
        return allowed.Contains(value) ? value : throw Error($"{name} '{value}' is not supported; use {string.Join(", ", allowed)}");
    }

    /// <summary>Says that attributes are known and change nothing here.</summary>
    public void Ignore(params string[] names) => _read.UnionWith(names);

    /// <summary>Fails where the node has an attribute that its operator does not know.</summary>
    /// <exception cref="ModelException">Such an attribute.</exception>
    public void RequireKnownAttributes()
    {
        if (Node.Attribute.FirstOrDefault(a => !_read.Contains(a.Name)) is { } unknown)
        {
            throw Error($"the attribute '{unknown.Name}' is not supported");
        }
    }

    /// <summary>Whether the node has that output.</summary>
    public bool Wants(int output) => output < Node.Output.Count && Node.Output[output].Length > 0;

    /// <summary>Rank of an input, which must be known.</summary>
    public int Rank(int input) => Info(input)?.Rank ?? throw Error($"the rank of input {input} is not known before it runs");

    public TensorInfo? Info(int input) => Node.InputOrNull(input) is { } name ? graph.Infos.GetValueOrDefault(name) : null;

    /// <summary>An input that never changes, or null.</summary>
    public TensorProto? Constant(int input) => Node.InputOrNull(input) is { } name ? graph.Constant(name) : null;

    /// <summary>A scalar that is a constant input, or null: reading it when the node runs would wait for the device.</summary>
    public double? Scalar(int input)
    {
        if (Constant(input) is not { } proto || proto.ElementCount() != 1)
        {
            return null;
        }

        using var value = TensorConversion.ToTorch(proto);
        using var wide = value.to(ScalarType.Float64);
        return wide.item<double>();
    }

    /// <summary>
    /// Integers that are an attribute or a constant input, or are read when the node runs. Null when the node has neither.
    /// </summary>
    public Func<Tensor?[], long[]>? Integers(int input, string? attribute = null)
    {
        if (attribute is not null && Ints(attribute) is { } fixedValues)
        {
            return _ => fixedValues;
        }

        if (Node.InputOrNull(input) is null)
        {
            return null;
        }

        _hostInputs.Add(input);
        if (Info(input)?.KnownElements is { } known)
        {
            return _ => known;
        }

        if (Constant(input) is { } proto)
        {
            using var value = TensorConversion.ToTorch(proto);
            var values = ReadInt64(value);
            return _ => values;
        }

        return inputs => ReadInt64(inputs[input]!);
    }

    /// <summary>Numbers of a float input that are constant, or are read when the node runs. Null when the node has no such input.</summary>
    public Func<Tensor?[], double[]>? Numbers(int input)
    {
        if (Node.InputOrNull(input) is null)
        {
            return null;
        }

        _hostInputs.Add(input);
        if (Constant(input) is { } proto)
        {
            using var value = TensorConversion.ToTorch(proto);
            var values = ReadDoubles(value);
            return _ => values;
        }

        return inputs => ReadDoubles(inputs[input]!);
    }

    /// <summary>Fails where an input or output has an element type that torch does not compute with.</summary>
    /// <exception cref="ModelException">Such a type.</exception>
    public void RequireTypes()
    {
        foreach (var value in Node.Input.Concat(Node.Output))
        {
            if (graph.Infos.GetValueOrDefault(value) is { } info && TensorConversion.TypeOf(info.Type) is null)
            {
                throw Error($"'{value}' has the type {info.Type}, which TorchSharp does not compute with");
            }
        }
    }

    public ModelException Error(string problem) => new($"'{graph.Model.Source}': {Node.Describe()} (opset {Opset}): {problem}.");

    private AttributeProto? Find(string name, AttributeType type)
    {
        _read.Add(name);
        // Files of IR version 1 do not say the type.
        return Node.Find(name) is not { } attribute ? null
            : attribute.Type == type || !attribute.HasType ? attribute
            : throw Error($"the attribute '{name}' is {attribute.Type}, not {type}");
    }

    private static long[] ReadInt64(Tensor tensor)
    {
        using var host = tensor.to(ScalarType.Int64, CPU);
        using var contiguous = host.contiguous();
        return contiguous.data<long>().ToArray();
    }

    private static double[] ReadDoubles(Tensor tensor)
    {
        using var host = tensor.detach().to(ScalarType.Float64, CPU);
        using var contiguous = host.contiguous();
        return contiguous.data<double>().ToArray();
    }
}
