using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>Reads and writes a node's attributes.</summary>
public static class NodeProtoExtensions
{
    /// <summary>The attribute of that name, or null.</summary>
    public static AttributeProto? Find(this NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name);

    /// <summary>Whether the node is of the default domain.</summary>
    public static bool IsStandard(this NodeProto node) => node.Domain is "" or OnnxModel.DefaultDomain;

    /// <summary>An integer attribute, or <paramref name="fallback"/>.</summary>
    /// <exception cref="ModelException">The attribute is of another kind.</exception>
    public static long GetInt(this NodeProto node, string name, long fallback)
    {
        return node.Find(name) is not { } a ? fallback : a.HasI ? a.I : throw WrongKind(node, name, "an integer");
    }

    /// <summary>A float attribute, or <paramref name="fallback"/>.</summary>
    /// <exception cref="ModelException">The attribute is of another kind.</exception>
    public static float GetFloat(this NodeProto node, string name, float fallback)
    {
        return node.Find(name) is not { } a ? fallback : a.HasF ? a.F : throw WrongKind(node, name, "a number");
    }

    /// <summary>A string attribute, or <paramref name="fallback"/>.</summary>
    /// <exception cref="ModelException">The attribute is of another kind.</exception>
    public static string GetString(this NodeProto node, string name, string fallback)
    {
        return node.Find(name) is not { } a ? fallback : a.HasS ? a.S.ToStringUtf8() : throw WrongKind(node, name, "a string");
    }

    /// <summary>A list of integers, or null.</summary>
    /// <exception cref="ModelException">The attribute is of another kind.</exception>
    public static long[]? GetInts(this NodeProto node, string name)
    {
        return node.Find(name) is not { } a ? null
            : !a.HasType || a.Type == AttributeProto.Types.AttributeType.Ints ? [.. a.Ints]
            : throw WrongKind(node, name, "a list of integers");
    }

    /// <summary>The input at <paramref name="index"/>, or null when it is left out.</summary>
    public static string? InputOrNull(this NodeProto node, int index)
    {
        return index < node.Input.Count && node.Input[index].Length > 0 ? node.Input[index] : null;
    }

    /// <summary>What errors call the node.</summary>
    public static string Describe(this NodeProto node)
    {
        return $"{node.OpType} '{(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "")}'";
    }

    private static ModelException WrongKind(NodeProto node, string name, string kind) => new($"{node.Describe()}: the attribute '{name}' is not {kind}.");

    /// <summary>Adds an attribute; its kind follows from the value's type. Another node's attribute is copied.</summary>
    public static void Set(this NodeProto node, string name, object value)
    {
        if (value is AttributeProto other)
        {
            node.Attribute.Add(other.Clone());
            return;
        }

        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case int or long:
                attribute.Type = AttributeProto.Types.AttributeType.Int;
                attribute.I = Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture);
                break;
            case float f:
                attribute.Type = AttributeProto.Types.AttributeType.Float;
                attribute.F = f;
                break;
            case string s:
                attribute.Type = AttributeProto.Types.AttributeType.String;
                attribute.S = ByteString.CopyFromUtf8(s);
                break;
            case long[] ints:
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.AddRange(ints);
                break;
            case TensorProto tensor:
                attribute.Type = AttributeProto.Types.AttributeType.Tensor;
                attribute.T = tensor;
                break;
            default:
                throw new ArgumentException($"Attribute '{name}' of type {value.GetType().Name} is not supported.");
        }

        node.Attribute.Add(attribute);
    }
}
