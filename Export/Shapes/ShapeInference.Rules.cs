namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static readonly Dictionary<string, Rule> Rules = MakeRules();

    private static Dictionary<string, Rule> MakeRules()
    {
        var rules = new Dictionary<string, Rule>
        {
            ["Add"] = Arithmetic((a, b) => a + b),
            ["Sub"] = Arithmetic((a, b) => a - b),
            ["Mul"] = Arithmetic((a, b) => a * b),
            ["Div"] = Arithmetic((a, b) => b == 0 ? null : a / b),
            ["Equal"] = Equal,
            ["Where"] = Where,
            ["Identity"] = c => [c.Input(0)],
            ["Dropout"] = Dropout,
            ["Cast"] = Cast,
            ["CastLike"] = c => [c.Input(0) with { Type = c.Input(1).Type, Elements = null }],
            ["PRelu"] = PRelu,
            ["LayerNormalization"] = LayerNormalization,
            ["BatchNormalization"] = BatchNormalization,
            ["MatMul"] = MatMul,
            ["MatMulInteger"] = MatMulInteger,
            ["QLinearMatMul"] = QLinearMatMul,
            ["Gemm"] = Gemm,
            ["Einsum"] = Einsum,
            ["Det"] = Det,
            ["Attention"] = Attention,
            ["QuantizeLinear"] = QuantizeLinear,
            ["DequantizeLinear"] = DequantizeLinear,
            ["DynamicQuantizeLinear"] = DynamicQuantizeLinear,
            ["Conv"] = Conv,
            ["ConvInteger"] = ConvInteger,
            ["QLinearConv"] = QLinearConv,
            ["ConvTranspose"] = ConvTranspose,
            ["MaxUnpool"] = MaxUnpool,
            ["RoiAlign"] = RoiAlign,
            ["GridSample"] = GridSample,
            ["Resize"] = Resize,
            ["Upsample"] = Resize,
            ["Reshape"] = Reshape,
            ["Flatten"] = Flatten,
            ["Transpose"] = Transpose,
            ["Squeeze"] = Squeeze,
            ["Unsqueeze"] = Unsqueeze,
            ["Expand"] = Expand,
            ["Tile"] = Tile,
            ["Pad"] = Pad,
            ["CenterCropPad"] = CenterCropPad,
            ["DepthToSpace"] = DepthToSpace,
            ["SpaceToDepth"] = SpaceToDepth,
            ["Concat"] = Concat,
            ["Split"] = Split,
            ["Slice"] = Slice,
            ["Gather"] = Gather,
            ["GatherElements"] = GatherElements,
            ["GatherND"] = GatherND,
            ["TopK"] = TopK,
            ["ArgMax"] = ArgExtremum,
            ["ArgMin"] = ArgExtremum,
            ["NonZero"] = NonZero,
            ["Compress"] = Compress,
            ["Unique"] = Unique,
            ["OneHot"] = OneHot,
            ["Shape"] = Shape,
            ["Size"] = Size,
            ["Constant"] = Constant,
            ["ConstantOfShape"] = ConstantOfShape,
            ["Range"] = Range,
            ["RandomNormal"] = Random,
            ["RandomUniform"] = Random,
        };

        void Add(Rule rule, params ReadOnlySpan<string> operators)
        {
            foreach (var name in operators)
            {
                rules.Add(name, rule);
            }
        }

        Add(
            SameAsInput,
            "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Celu", "Clip", "Cos", "Cosh", "CumSum", "Elu", "Erf", "Exp",
            "Floor", "Gelu", "GroupNormalization", "HardSigmoid", "HardSwish", "InstanceNormalization", "LeakyRelu", "Log", "LpNormalization", "LRN",
            "MeanVarianceNormalization", "Mish", "Neg", "Not", "Reciprocal", "Relu", "ReverseSequence", "RMSNormalization", "Round", "Scatter",
            "ScatterElements", "ScatterND", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh",
            "ThresholdedRelu", "Trilu");
        Add(Softmax, "Softmax", "LogSoftmax", "Hardmax");
        Add(c => [new TensorInfo(DataType.Bool, c.Input(0).Shape)], "IsInf", "IsNaN");
        Add(Elementwise, "Pow", "Mod", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Max", "Mean", "Min", "Sum");
        Add(Comparison, "And", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Or", "Xor");
        Add(Like, "Bernoulli", "EyeLike", "RandomNormalLike", "RandomUniformLike");
        Add(Pool, "AveragePool", "LpPool", "MaxPool");
        Add(GlobalPool, "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool");
        Add(
            Reduce,
            "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
            "ReduceSumSquare");
        return rules;
    }

    private static TensorInfo[] SameAsInput(InferenceContext c) => [c.Input(0) with { Elements = null }];

    private static TensorInfo[] Softmax(InferenceContext c)
    {
        if (c.Input(0).Shape is { } shape)
        {
            // From opset 13 on, the last axis by default; before, all axes from 1 on.
            _ = c.Axis(c.Node.GetInt("axis", c.Opset >= 13 ? -1 : 1), shape.Count);
        }

        return SameAsInput(c);
    }

    private static TensorInfo[] Elementwise(InferenceContext c)
    {
        var shape = c.Input(0).Shape;
        for (var i = 1; i < c.Inputs.Length; i++)
        {
            shape = Broadcast(c, shape, c.Input(i).Shape);
        }

        return [new TensorInfo(c.Input(0).Type, shape)];
    }

    private static TensorInfo[] Comparison(InferenceContext c) => [Elementwise(c)[0] with { Type = DataType.Bool }];

    private static TensorInfo[] Equal(InferenceContext c)
    {
        _ = c.Input(1);
        return [Comparison(c)[0] with { Elements = Combine(c, e => e[0] is { Value: { } a } && e[1] is { Value: { } b } ? a == b ? 1 : 0 : Dim.Unknown) }];
    }

    private static TensorInfo[] Where(InferenceContext c)
    {
        _ = c.Input(2);
        var elements = Combine(c, e => e[0].Value is { } condition ? e[condition != 0 ? 1 : 2] : e[1] == e[2] && e[1].IsNamed ? e[1] : Dim.Unknown);
        return [Elementwise(c)[0] with { Type = c.Input(1).Type, Elements = elements }];
    }

    private static TensorInfo[] PRelu(InferenceContext c)
    {
        if (c.Input(0).Shape is { } shape && c.Input(1).Shape is { } slope)
        {
            RequireBroadcast(c, slope, shape, "the slope");
        }

        return SameAsInput(c);
    }

    /// <summary>Elements of the result of an operator that broadcasts, from those of its inputs at the same place; null when some are not followed.</summary>
    private static Dim[]? Combine(InferenceContext c, Func<Dim[], Dim> combine)
    {
        if (c.Inputs.Any(i => i?.Elements is not { Count: > 0 }))
        {
            return null;
        }

        var count = c.Inputs.Max(i => i!.Elements!.Count);
        return c.Inputs.All(i => i!.Elements!.Count is var n && (n == 1 || n == count))
            ? [.. Enumerable.Range(0, count).Select(at => combine([.. c.Inputs.Select(i => i!.Elements![i.Elements.Count == 1 ? 0 : at])]))]
            : null;
    }

    private static Rule Arithmetic(Func<Int128, Int128, Int128?> compute) => c =>
    {
        var (a, b) = (c.Input(0), c.Input(1));
        if (a.Type != b.Type)
        {
            throw c.Error("the operands' types differ");
        }

        Dim Element(Dim[] operands)
        {
            return operands[0].Value is { } left && operands[1].Value is { } right && compute(left, right) is { } value
                && value >= long.MinValue && value <= long.MaxValue ? (long)value : Dim.Unknown;
        }

        return [Elementwise(c)[0] with { Elements = Combine(c, Element) }];
    };

    private static TensorInfo[] LayerNormalization(InferenceContext c)
    {
        var x = c.Input(0);
        // Kept in float32 unless stash_type says otherwise.
        var statistics = new TensorInfo(NamedType(c, "stash_type", DataType.Float), null);
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

            statistics = statistics with { Shape = [.. shape.Select((d, i) => i < axis ? d : 1)] };
        }

        return [.. SameAsInput(c), statistics, statistics];
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

        // In training, the new running statistics; in old opsets two more.
        return [.. SameAsInput(c), .. Enumerable.Repeat(c.Input(3) with { Elements = null }, 4)];
    }

    private static TensorInfo[] Dropout(InferenceContext c) => [.. SameAsInput(c), new TensorInfo(DataType.Bool, c.Input(0).Shape)];

    private static TensorInfo[] Cast(InferenceContext c)
    {
        var to = NamedType(c, "to", DataType.Undefined);
        return [c.Input(0) with { Type = to, Elements = to is DataType.Int64 or DataType.Int32 ? c.Input(0).Elements : null }];
    }
}
