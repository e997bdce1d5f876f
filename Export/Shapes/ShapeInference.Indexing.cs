namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static TensorInfo[] GatherElements(InferenceContext c)
    {
        var (x, indices) = (c.Input(0), c.Input(1));
        return x.Rank is null || indices.Rank is null || x.Rank == indices.Rank
            ? [new TensorInfo(x.Type, indices.Shape)]
            : throw c.Error("the indices' rank is not the input's");
    }

    private static TensorInfo[] GatherND(InferenceContext c)
    {
        var (x, indices) = (c.Input(0), c.Input(1));
        if (x.Shape is not { } shape || indices.Shape is not { } index || index is not [.., { Value: { } depth }])
        {
            return [new TensorInfo(x.Type, null)];
        }

        var batch = c.Node.GetInt("batch_dims", 0);
        return batch >= 0 && batch < index.Count && depth >= 1 && batch + depth <= shape.Count
            ? [new TensorInfo(x.Type, [.. index.SkipLast(1), .. shape.Skip((int)(batch + depth))])]
            : throw c.Error($"indices of {depth} numbers after {batch} batch dimensions do not fit {shape.Count} dimensions");
    }

    private static TensorInfo[] TopK(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape)
        {
            return [new TensorInfo(x.Type, null), new TensorInfo(DataType.Int64, null)];
        }

        var axis = c.Axis(c.Node.GetInt("axis", -1), shape.Count);
        var count = c.Node.Find("k") is not null ? c.Node.GetInt("k", 0) : c.Optional(1)?.Elements is [var known] ? known : Dim.Unknown;
        if (count.Value < 0 || count.Value > shape[axis].Value)
        {
            throw c.Error($"{count} of {shape[axis]} elements");
        }

        Dim[] result = [.. shape.Select((d, i) => i == axis ? count : d)];
        return [new TensorInfo(x.Type, result), new TensorInfo(DataType.Int64, result)];
    }

    private static TensorInfo[] ArgExtremum(InferenceContext c)
    {
        if (c.Input(0).Shape is not { } shape)
        {
            return [new TensorInfo(DataType.Int64, null)];
        }

        var axis = c.Axis(c.Node.GetInt("axis", 0), shape.Count);
        var keep = c.Node.GetInt("keepdims", 1) != 0;
        return [new TensorInfo(DataType.Int64, [.. shape.Take(axis), .. keep ? [1] : (Dim[])[], .. shape.Skip(axis + 1)])];
    }

    private static TensorInfo[] NonZero(InferenceContext c)
    {
        return [new TensorInfo(DataType.Int64, [c.Input(0).Rank is { } rank ? rank : Dim.Unknown, Dim.Unknown])];
    }

    private static TensorInfo[] Compress(InferenceContext c) => [c.Node.Find("axis") is null ? new TensorInfo(c.Input(0).Type, [Dim.Unknown]) : SomeAlongAxis(c)];

    private static TensorInfo[] Unique(InferenceContext c)
    {
        var list = new TensorInfo(DataType.Int64, [Dim.Unknown]);
        return [c.Node.Find("axis") is null ? list with { Type = c.Input(0).Type } : SomeAlongAxis(c), list, list, list];
    }

    private static TensorInfo SomeAlongAxis(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape)
        {
            return new TensorInfo(x.Type, null);
        }

        var axis = c.Axis(c.Node.GetInt("axis", 0), shape.Count);
        return new TensorInfo(x.Type, [.. shape.Select((d, i) => i == axis ? Dim.Unknown : d)]);
    }
}
