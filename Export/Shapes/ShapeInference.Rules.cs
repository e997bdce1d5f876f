namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static readonly Dictionary<string, Rule> Rules = new()
    {
        ["Add"] = Arithmetic((a, b) => a + b),
        ["Sub"] = Arithmetic((a, b) => a - b),
        ["Mul"] = Arithmetic((a, b) => a * b),
        ["Div"] = Arithmetic((a, b) => b == 0 ? null : a / b),
        ["Pow"] = Elementwise,
        ["Relu"] = SameAsInput,
        ["Sigmoid"] = SameAsInput,
        ["Tanh"] = SameAsInput,
        ["Erf"] = SameAsInput,
        ["Exp"] = SameAsInput,
        ["Log"] = SameAsInput,
        ["Sqrt"] = SameAsInput,
        ["Neg"] = SameAsInput,
        ["Gelu"] = SameAsInput,
        ["Softmax"] = Softmax,
        ["LogSoftmax"] = Softmax,
        ["LayerNormalization"] = LayerNormalization,
        ["BatchNormalization"] = BatchNormalization,
        ["Identity"] = SameAsInput,
        ["Dropout"] = Dropout,
        ["Cast"] = Cast,
        ["MatMul"] = MatMul,
        ["Gemm"] = Gemm,
        ["Conv"] = Conv,
        ["MaxPool"] = Pool,
        ["AveragePool"] = Pool,
        ["GlobalAveragePool"] = GlobalPool,
        ["Reshape"] = Reshape,
        ["Flatten"] = Flatten,
        ["Transpose"] = Transpose,
        ["Squeeze"] = Squeeze,
        ["Unsqueeze"] = Unsqueeze,
        ["Expand"] = Expand,
        ["Concat"] = Concat,
        ["Split"] = Split,
        ["Slice"] = Slice,
        ["Gather"] = Gather,
        ["Shape"] = Shape,
        ["Constant"] = Constant,
        ["ConstantOfShape"] = ConstantOfShape,
        ["ReduceMean"] = Reduce,
        ["ReduceSum"] = Reduce,
        ["ReduceMax"] = Reduce,
    };

    private static TensorInfo[] SameAsInput(InferenceContext c) => [c.Input(0)];

    private static TensorInfo[] Softmax(InferenceContext c)
    {
        if (c.Input(0).Shape is { } shape)
        {
            // From opset 13 on, the last axis by default; before, all axes from 1 on.
            _ = c.Axis(c.Node.GetInt("axis", c.Opset >= 13 ? -1 : 1), shape.Count);
        }

        return [c.Input(0)];
    }

    private static TensorInfo[] Elementwise(InferenceContext c)
    {
        return [new TensorInfo(c.Input(0).Type, Broadcast(c, c.Input(0).Shape, c.Input(1).Shape))];
    }

    private static Rule Arithmetic(Func<long, long, long?> compute) => c =>
    {
        var (a, b) = (c.Input(0), c.Input(1));
        if (a.Type != b.Type)
        {
            throw c.Error("the operands' types differ");
        }

        var result = Elementwise(c)[0];
        if (a.Elements is { Count: > 0 } x && b.Elements is { Count: > 0 } y && (x.Count == y.Count || x.Count == 1 || y.Count == 1))
        {
            var elements = new Dim[Math.Max(x.Count, y.Count)];
            for (var i = 0; i < elements.Length; i++)
            {
                var (left, right) = (x[x.Count == 1 ? 0 : i].Value, y[y.Count == 1 ? 0 : i].Value);
                elements[i] = new Dim(left is { } l && right is { } r ? compute(l, r) : null);
            }

            result = result with { Elements = elements };
        }

        return [result];
    };

    private static TensorInfo[] LayerNormalization(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is { } shape)
        {
            var axis = c.Axis(c.Node.GetInt("axis", -1), shape.Count);
            for (var parameter = 1; parameter <= 2; parameter++)
            {
                if (c.Optional(parameter)?.Shape is { } p)
                {
                    RequireBroadcast(c, p, [.. shape.Skip(axis)], parameter == 1 ? "the scale" : "the bias");
                }
            }
        }

        return [x];
    }

    private static TensorInfo[] BatchNormalization(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is { } shape)
        {
            if (shape.Count < 2)
            {
                throw c.Error("needs [batch, channels, space…]");
            }

            for (var parameter = 1; parameter <= 4; parameter++)
            {
                if (c.Input(parameter).Shape is { } p && (p.Count != 1 || p[0].Contradicts(shape[1])))
                {
                    throw c.Error($"input {parameter} must have {shape[1]} elements");
                }
            }
        }

        return [x];
    }

    private static TensorInfo[] Dropout(InferenceContext c) => [c.Input(0), new TensorInfo(DataType.Bool, c.Input(0).Shape)];

    private static TensorInfo[] Cast(InferenceContext c)
    {
        var to = (DataType)c.Node.GetInt("to", 0);
        if (to == DataType.Undefined || !Enum.IsDefined(to))
        {
            throw c.Error($"does not say what to cast to, or an unknown type {(int)to}");
        }

        return [c.Input(0) with { Type = to, Elements = to is DataType.Int64 or DataType.Int32 ? c.Input(0).Elements : null }];
    }

    private static TensorInfo[] MatMul(InferenceContext c)
    {
        var (a, b) = (c.Input(0), c.Input(1));
        if (a.Shape is not { } x || b.Shape is not { } y)
        {
            return [new TensorInfo(a.Type, null)];
        }

        if (x.Count == 0 || y.Count == 0 || a.Type != b.Type)
        {
            throw c.Error(a.Type != b.Type ? "the factors' types differ" : "a scalar has no matrix product");
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

        return [new TensorInfo(a.Type, result)];
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
}
