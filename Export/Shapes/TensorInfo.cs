using System.Runtime.InteropServices;

namespace OneFractal.Export;

/// <summary>What is known of a value before anything runs.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions, or null when not even the rank is known.</param>
public sealed record TensorInfo(DataType Type, IReadOnlyList<Dim>? Shape)
{
    /// <summary>The most dimensions that a value may have, as in torch.</summary>
    internal const int MaximumRank = 64;

    /// <summary>Longer tensors are no shapes: their elements are not followed.</summary>
    internal const int MaximumElements = 64;

    /// <summary>
    /// The elements of a small int64, int32 or bool tensor of rank 0 or 1 as far as they are known, so that a shape computed in the graph
    /// (Shape, Slice, Concat … Expand) is still known when the graph is built.
    /// </summary>
    public IReadOnlyList<Dim>? Elements { get; init; }

    /// <summary>The elements of a small constant float32 tensor of rank 0 or 1, such as the scales of Resize.</summary>
    public float[]? Floats { get; init; }

    /// <summary>The elements when every one is a known number, else null.</summary>
    public long[]? KnownElements => Elements is not null && Elements.All(e => e.Value is not null) ? [.. Elements.Select(e => e.Value!.Value)] : null;

    /// <summary>The rank, or null.</summary>
    public int? Rank => Shape?.Count;

    /// <summary>The shape when every dimension is a known number, else null.</summary>
    public long[]? StaticShape => Shape is not null && Shape.All(d => d.Value is not null) ? [.. Shape.Select(d => d.Value!.Value)] : null;

    /// <inheritdoc />
    public override string ToString() => $"{Type.ToString().ToLowerInvariant()}[{(Shape is null ? "…" : string.Join(", ", Shape))}]";

    /// <summary>Reads a graph input's, output's or value's declaration; null when it is not a tensor or says nothing.</summary>
    public static TensorInfo? From(ValueInfoProto value)
    {
        var tensor = value.Type?.TensorType;
        if (tensor is null || tensor.ElemType == 0)
        {
            return null;
        }

        Dim[]? shape = tensor.Shape is null ? null : [.. tensor.Shape.Dim.Select(d => d.ValueCase switch
        {
            // Some writers say -1 where they mean nothing.
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when d.DimValue >= 0 => new Dim(d.DimValue),
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when d.DimParam.Length > 0 => new Dim(null, d.DimParam),
            _ => Dim.Unknown,
        })];
        return new TensorInfo((DataType)tensor.ElemType, shape);
    }

    /// <summary>What is known of an initializer: everything.</summary>
    public static TensorInfo From(TensorProto tensor)
    {
        var info = new TensorInfo(tensor.ElementType(), [.. tensor.Dims.Select(d => new Dim(d))]);
        if (tensor.Dims.Count > 1 || tensor.ElementCount() > MaximumElements)
        {
            return info;
        }

        return info.Type switch
        {
            DataType.Int64 => info with { Elements = [.. tensor.ToInt64s().Select(v => new Dim(v))] },
            DataType.Int32 => info with { Elements = [.. MemoryMarshal.Cast<byte, int>(tensor.ToBytes().Span).ToArray().Select(v => new Dim(v))] },
            DataType.Float => info with { Floats = tensor.ToFloats() },
            _ => info,
        };
    }

    /// <summary>The declaration of a graph input or output.</summary>
    public ValueInfoProto ToProto(string name)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)Type };
        if (Shape is not null)
        {
            tensor.Shape = new TensorShapeProto();
            foreach (var dim in Shape)
            {
                var proto = new TensorShapeProto.Types.Dimension();
                if (dim.Value is { } length)
                {
                    proto.DimValue = length;
                }
                else if (dim.Name is { } parameter)
                {
                    proto.DimParam = parameter;
                }

                tensor.Shape.Dim.Add(proto);
            }
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
