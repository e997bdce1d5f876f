namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static TensorInfo[] MatMul(InferenceContext c)
    {
        return c.Input(0).Type == c.Input(1).Type
            ? [new TensorInfo(c.Input(0).Type, MatrixProduct(c, c.Input(0), c.Input(1)))]
            : throw c.Error("the factors' types differ");
    }

    private static TensorInfo[] MatMulInteger(InferenceContext c) => [new TensorInfo(DataType.Int32, MatrixProduct(c, c.Input(0), c.Input(1)))];

    private static TensorInfo[] QLinearMatMul(InferenceContext c) => [new TensorInfo(c.Input(7).Type, MatrixProduct(c, c.Input(0), c.Input(3)))];

    private static List<Dim>? MatrixProduct(InferenceContext c, TensorInfo a, TensorInfo b)
    {
        if (a.Shape is not { } x || b.Shape is not { } y)
        {
            return null;
        }

        if (x.Count == 0 || y.Count == 0)
        {
            throw c.Error("a scalar has no matrix product");
        }

        var (inner, other) = (x[^1], y[y.Count == 1 ? 0 : y.Count - 2]);
        if (inner.Contradicts(other))
        {
            throw c.Error($"inner dimensions {inner} and {other} differ");
        }

        List<Dim> result = [.. Broadcast(c, [.. x.Take(x.Count - 2)], [.. y.Take(y.Count - 2)])!];
        if (x.Count > 1)
        {
            result.Add(x[^2]);
        }

        if (y.Count > 1)
        {
            result.Add(y[^1]);
        }

        return result;
    }

    private static TensorInfo[] Gemm(InferenceContext c)
    {
        var (a, b) = (c.Input(0), c.Input(1));
        if (a.Shape is not { } x || b.Shape is not { } y)
        {
            return [new TensorInfo(a.Type, [Dim.Unknown, Dim.Unknown])];
        }

        if (x.Count != 2 || y.Count != 2 || a.Type != b.Type)
        {
            throw c.Error("both factors must be matrices of one type");
        }

        var (rows, inner) = c.Node.GetInt("transA", 0) != 0 ? (x[1], x[0]) : (x[0], x[1]);
        var (other, columns) = c.Node.GetInt("transB", 0) != 0 ? (y[1], y[0]) : (y[0], y[1]);
        if (inner.Contradicts(other))
        {
            throw c.Error($"inner dimensions {inner} and {other} differ");
        }

        Dim[] result = [rows, columns];
        if (c.Optional(2)?.Shape is { } bias)
        {
            RequireBroadcast(c, bias, result, "the third input");
        }

        return [new TensorInfo(a.Type, result)];
    }

    private static TensorInfo[] Einsum(InferenceContext c)
    {
        var type = c.Input(0).Type;
        var equation = c.Node.GetString("equation", "").Replace(" ", "", StringComparison.Ordinal);
        if (equation.Contains('.') || c.Inputs.Any(i => i?.Shape is null))
        {
            return [new TensorInfo(type, null)];
        }

        var sides = equation.Split("->");
        var terms = sides[0].Split(',');
        if (sides.Length > 2 || terms.Length != c.Inputs.Length)
        {
            throw c.Error($"the equation '{equation}' is not one of {c.Inputs.Length} inputs");
        }

        var lengths = new Dictionary<char, Dim>();
        foreach (var (term, input) in terms.Zip(c.Inputs))
        {
            if (term.Length != input!.Rank)
            {
                throw c.Error($"'{term}' in the equation stands for {input}");
            }

            foreach (var (letter, dim) in term.Zip(input.Shape!))
            {
                var known = lengths.GetValueOrDefault(letter, dim);
                // As elsewhere, 1 broadcasts.
                lengths[letter] = known.Value == 1 ? dim : dim.Value == 1 ? known
                    : known.Contradicts(dim) ? throw c.Error($"'{letter}' in the equation is {known} and {dim}") : known.Or(dim);
            }
        }

        var result = sides.Length == 2 ? sides[1] : string.Concat(sides[0].Where(l => l != ',').CountBy(l => l).Where(l => l.Value == 1).Select(l => l.Key).Order());
        return result.All(lengths.ContainsKey)
            ? [new TensorInfo(type, [.. result.Select(l => lengths[l])])]
            : throw c.Error($"the equation '{equation}' has a result that no input has");
    }

    private static TensorInfo[] Det(InferenceContext c)
    {
        var x = c.Input(0);
        return x.Rank < 2 ? throw c.Error("needs matrices") : [new TensorInfo(x.Type, x.Shape is { } shape ? [.. shape.SkipLast(2)] : null)];
    }

    /// <summary>Attention of opset 23: queries, keys and values [batch, heads, length, width], or [batch, length, heads · width].</summary>
    private static TensorInfo[] Attention(InferenceContext c)
    {
        var (q, v) = (c.Input(0), c.Input(2));
        var past = new TensorInfo(q.Type, OfRank(c, 4));
        if (q.Shape is not { } query || v.Shape is not { } value)
        {
            return [new TensorInfo(q.Type, null), past, past, past];
        }

        if (query.Count != value.Count || query.Count is not (3 or 4))
        {
            throw c.Error("needs queries, keys and values of 3 or 4 dimensions");
        }

        if (query.Count == 4)
        {
            return [new TensorInfo(q.Type, [query[0], query[1], query[2], value[3]]), past, past, past];
        }

        var (heads, shared) = (c.Node.GetInt("q_num_heads", 0), c.Node.GetInt("kv_num_heads", 0));
        return heads > 0 && shared > 0
            ? [new TensorInfo(q.Type, [query[0], query[1], Map(value[2], width => width / shared * heads)]), past, past, past]
            : throw c.Error("needs q_num_heads and kv_num_heads");
    }

    private static TensorInfo[] QuantizeLinear(InferenceContext c)
    {
        return [new TensorInfo(c.Optional(2)?.Type ?? NamedOrDefault(c, "output_dtype", DataType.Uint8), c.Input(0).Shape)];
    }

    private static TensorInfo[] DequantizeLinear(InferenceContext c)
    {
        return [new TensorInfo(NamedOrDefault(c, "output_dtype", c.Input(1).Type), c.Input(0).Shape)];
    }

    /// <summary>As <see cref="NamedType"/>, where 0 stands for the default.</summary>
    private static DataType NamedOrDefault(InferenceContext c, string attribute, DataType fallback)
    {
        return c.Node.GetInt(attribute, 0) == 0 ? fallback : NamedType(c, attribute, fallback);
    }

    private static TensorInfo[] DynamicQuantizeLinear(InferenceContext c)
    {
        return [new TensorInfo(DataType.Uint8, c.Input(0).Shape), new TensorInfo(DataType.Float, []), new TensorInfo(DataType.Uint8, [])];
    }
}
