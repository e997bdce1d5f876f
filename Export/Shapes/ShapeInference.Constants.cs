namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static TensorInfo[] Constant(InferenceContext c)
    {
        foreach (var attribute in c.Node.Attribute)
        {
            switch (attribute.Name)
            {
                case "value" when attribute.T is { } tensor:
                    return [TensorInfo.From(tensor)];
                case "value_int":
                    return [new TensorInfo(DataType.Int64, []) { Elements = [attribute.I] }];
                case "value_ints":
                    return [new TensorInfo(DataType.Int64, [attribute.Ints.Count]) { Elements = [.. attribute.Ints.Select(v => new Dim(v))] }];
                case "value_float":
                    return [new TensorInfo(DataType.Float, []) { Floats = [attribute.F] }];
                case "value_floats":
                    return [new TensorInfo(DataType.Float, [attribute.Floats.Count]) { Floats = [.. attribute.Floats.Take(TensorInfo.MaximumElements + 1)] }];
                case "value_string":
                    return [new TensorInfo(DataType.String, [])];
                case "value_strings":
                    return [new TensorInfo(DataType.String, [attribute.Strings.Count])];
                case "sparse_value" when attribute.SparseTensor is { Values: { } values } sparse:
                    return [new TensorInfo(values.ElementType(), [.. sparse.Dims.Select(d => new Dim(d))])];
            }
        }

        throw c.Error("has no value");
    }

    private static TensorInfo[] ConstantOfShape(InferenceContext c)
    {
        var value = c.Node.Find("value")?.T;
        var info = value is null ? new TensorInfo(DataType.Float, [1]) : TensorInfo.From(value);
        var shape = TargetShape(c, 0) ?? (c.Input(0).Shape is [{ Value: { } rank }] ? OfRank(c, rank) : null);
        var count = shape is { Count: <= 1 } ? Product(shape).Value : null;
        return
        [
            new TensorInfo(info.Type, shape)
            {
                Elements = count <= TensorInfo.MaximumElements && info.Elements is [var element] ? [.. Enumerable.Repeat(element, (int)count.Value)] : null,
            },
        ];
    }

    private static TensorInfo[] Range(InferenceContext c)
    {
        var type = c.Input(0).Type;
        if (c.Input(0).KnownElements is not [var start] || c.Input(1).KnownElements is not [var limit] || c.Input(2).KnownElements is not [var delta])
        {
            return [new TensorInfo(type, [Dim.Unknown])];
        }

        if (delta == 0)
        {
            throw c.Error("a step of 0");
        }

        var (distance, step) = ((Int128)limit - start, (Int128)delta);
        var count = (long)Int128.Max(0, (distance + step - Int128.Sign(step)) / step);
        return
        [
            new TensorInfo(type, [count])
            {
                Elements = count <= TensorInfo.MaximumElements ? [.. Enumerable.Range(0, (int)count).Select(i => new Dim(start + i * delta))] : null,
            },
        ];
    }

    /// <summary>EyeLike, RandomNormalLike … Bernoulli: the input's shape, and a type that an attribute may name.</summary>
    private static TensorInfo[] Like(InferenceContext c) => [new TensorInfo(NamedType(c, "dtype", c.Input(0).Type), c.Input(0).Shape)];

    private static TensorInfo[] Random(InferenceContext c)
    {
        return [new TensorInfo(NamedType(c, "dtype", DataType.Float), [.. (c.Node.GetInts("shape") ?? throw c.Error("has no shape")).Select(d => new Dim(d))])];
    }

    /// <summary>The element type that an attribute names.</summary>
    private static DataType NamedType(InferenceContext c, string attribute, DataType fallback)
    {
        var type = c.Node.GetInt(attribute, (long)fallback);
        return type is > 0 and <= int.MaxValue && Enum.IsDefined((DataType)type) ? (DataType)type : throw c.Error($"the {attribute} {type} is no element type");
    }

    private static TensorInfo[] OneHot(InferenceContext c)
    {
        var (indices, depth, values) = (c.Input(0), c.Input(1), c.Input(2));
        if (indices.Shape is not { } shape)
        {
            return [new TensorInfo(values.Type, null)];
        }

        var axis = c.Axis(c.Node.GetInt("axis", -1), shape.Count + 1);
        var length = depth.Elements is [var known] ? known : Dim.Unknown;
        return [new TensorInfo(values.Type, [.. shape.Take(axis), length, .. shape.Skip(axis)])];
    }
}
