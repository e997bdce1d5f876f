using Google.Protobuf;

namespace OneFractal.Export;

/// <summary>Reads and writes a node's attributes.</summary>
public static class NodeProtoExtensions
{
    /// <summary>The attribute of that name, or null.</summary>
    public static AttributeProto? Find(this NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name);

    /// <summary>An integer attribute, or <paramref name="fallback"/>.</summary>
    public static long GetInt(this NodeProto node, string name, long fallback) => node.Find(name)?.I ?? fallback;

    /// <summary>A float attribute, or <paramref name="fallback"/>.</summary>
    public static float GetFloat(this NodeProto node, string name, float fallback) => node.Find(name)?.F ?? fallback;

    /// <summary>A string attribute, or <paramref name="fallback"/>.</summary>
    public static string GetString(this NodeProto node, string name, string fallback) => node.Find(name)?.S.ToStringUtf8() ?? fallback;

    /// <summary>A list of integers, or null.</summary>
    public static long[]? GetInts(this NodeProto node, string name) => node.Find(name)?.Ints.ToArray();

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

    /// <summary>Adds an attribute; its kind follows from the value's type.</summary>
    public static void Set(this NodeProto node, string name, object value)
    {
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
