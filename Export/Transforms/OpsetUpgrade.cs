namespace OneFractal.Export;

/// <summary>
/// Writes a graph of opset 7 to 16 in the words of opset 17, for transforms that add nodes which older operator sets lack: a table
/// <c>operator, the opset that changed it → what the node becomes</c>. Values keep their names, and the outputs stay the same.
/// </summary>
public static class OpsetUpgrade
{
    private static readonly (string Operator, int ChangedIn, Func<OpsetUpgradeNode, IEnumerable<NodeProto>> Upgrade)[] Changes =
    [
        ("BatchNormalization", 9, DropSpatial),
        ("Upsample", 10, UpsampleToResize),
        ("Dropout", 10, n => RequireUnread(n, 1, "its mask was of numbers before opset 10")),
        ("Slice", 10, n => AttributesToInputs(n, "starts", "ends", "axes")),
        ("TopK", 10, CountToInput),
        ("Scatter", 11, n => [Succeed(n).Proto]),
        ("Resize", 11, ScalesAlone),
        ("Clip", 11, n => [n.ScalarToInput("min", 1).ScalarToInput("max", 2).Proto]),
        ("Pad", 11, PadsToInputs),
        ("Dropout", 12, RatioToInput),
        ("Softmax", 13, OverOneAxis),
        ("LogSoftmax", 13, OverOneAxis),
        ("Hardmax", 13, OverOneAxis),
        ("ReduceSum", 13, n => AttributesToInputs(n, "axes")),
        ("Split", 13, n => AttributesToInputs(n, "split")),
        ("Squeeze", 13, n => AttributesToInputs(n, "axes")),
        ("Unsqueeze", 13, n => AttributesToInputs(n, "axes")),
        ("Resize", 13, RequireKnownCoordinates),
        ("BatchNormalization", 14, n => RequireUnread(n, 1, "it hands out statistics, which changed in opset 14")),
        ("RoiAlign", 16, n => [n.Set("coordinate_transformation_mode", "output_half_pixel").Proto]),
    ];

    /// <summary>Operators that compute the same in every opset from 7 (or their first) to 17, whatever types and options were added.</summary>
    private static readonly HashSet<string> Unchanged =
    [
        "Abs", "Acos", "Acosh", "Add", "And", "ArgMax", "ArgMin", "Asin", "Asinh", "Atan", "Atanh", "AveragePool", "Bernoulli", "BitShift", "Cast", "CastLike",
        "Ceil", "Celu", "Compress", "Concat", "Constant", "ConstantOfShape", "Conv", "ConvInteger", "ConvTranspose", "Cos", "Cosh", "CumSum", "DepthToSpace",
        "DequantizeLinear", "Det", "Div", "DynamicQuantizeLinear", "Einsum", "Elu", "Equal", "Erf", "Exp", "Expand", "EyeLike", "Flatten", "Floor", "Gather",
        "GatherElements", "GatherND", "Gemm", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "Greater", "GreaterOrEqual", "GridSample", "GRU",
        "HardSigmoid", "HardSwish", "Identity", "InstanceNormalization", "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log", "LpNormalization",
        "LpPool", "LRN", "LSTM", "MatMul", "MatMulInteger", "Max", "MaxPool", "MaxUnpool", "Mean", "MeanVarianceNormalization", "Min", "Mod", "Mul",
        "Multinomial", "Neg", "NegativeLogLikelihoodLoss", "NonMaxSuppression", "NonZero", "Not", "OneHot", "Or", "Pow", "PRelu", "QLinearConv",
        "QLinearMatMul", "QuantizeLinear", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Range", "Reciprocal", "ReduceL1",
        "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare", "Relu", "Reshape",
        "ReverseSequence", "RNN", "Round", "ScatterElements", "ScatterND", "Selu", "Shape", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Size",
        "SoftmaxCrossEntropyLoss", "Softplus", "Softsign", "SpaceToDepth", "Sqrt", "Sub", "Sum", "Tan", "Tanh", "ThresholdedRelu", "Tile", "Transpose", "Trilu",
        "Unique", "Where", "Xor",
    ];

    /// <summary>Operators that opset 17 does not have, and what each became.</summary>
    public static IReadOnlyDictionary<string, string> Successors { get; } = new Dictionary<string, string> { ["Scatter"] = "ScatterElements", ["Upsample"] = "Resize" };

    /// <summary>Whether what changed in the operator from opset 7 to 17 is known.</summary>
    internal static bool Knows(string opType) => Unchanged.Contains(opType) || Changes.Any(c => c.Operator == opType);

    /// <summary>The model as it is where its opset is 17 or newer, else a copy at opset 17 that computes the same.</summary>
    /// <exception cref="ModelException">An operator whose change is not known here, by name and node.</exception>
    public static OnnxModel Apply(OnnxModel model)
    {
        if (model.Opset >= OnnxModel.WrittenOpset)
        {
            return model;
        }

        var result = Rewrite(model, OnnxModel.WrittenOpset, node => Upgrade(node, model.Opset));

        result.Proto.IrVersion = Math.Max(result.Proto.IrVersion, OnnxModel.WrittenIrVersion);
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>A copy of the model that says it is of opset <paramref name="target"/>, each standard node replaced by what <paramref name="change"/> makes of it.</summary>
    internal static OnnxModel Rewrite(OnnxModel model, int target, Func<OpsetUpgradeNode, IEnumerable<NodeProto>> change)
    {
        var result = model.Clone();
        var graph = result.Graph;
        var infos = ShapeInference.InferAll(result);
        var read = graph.Node.SelectMany(n => n.AllReads()).Concat(graph.Output.Select(o => o.Name)).ToHashSet();
        var names = graph.Initializer.Select(t => t.Name).Concat(graph.Input.Select(i => i.Name)).Concat(graph.Node.SelectMany(n => n.Output)).ToHashSet();
        var nodes = new List<NodeProto>();
        foreach (var node in graph.Node)
        {
            var rewritten = new OpsetUpgradeNode(result, node, infos, read, names, target);
            nodes.AddRange(!node.IsStandard() ? [node] : node.Bodies().Any() ? throw rewritten.Error("it holds a graph of its own") : change(rewritten));
        }

        GraphEdits.Replace(graph.Node, nodes);
        foreach (var import in result.Proto.OpsetImport.Where(o => o.Domain is "" or OnnxModel.DefaultDomain))
        {
            import.Version = target;
        }

        return result;
    }

    private static IEnumerable<NodeProto> Upgrade(OpsetUpgradeNode node, int opset)
    {
        var changes = Changes.Where(c => c.Operator == node.Proto.OpType).ToArray();
        if (changes.Length == 0 && !Unchanged.Contains(node.Proto.OpType))
        {
            throw node.Error("what changed in it is not known");
        }

        // Only the last change may add nodes, or make another operator of it.
        IEnumerable<NodeProto> result = [node.Proto];
        foreach (var change in changes.Where(c => opset < c.ChangedIn))
        {
            result = change.Upgrade(node);
        }

        return result;
    }

    private static IEnumerable<NodeProto> AttributesToInputs(OpsetUpgradeNode node, params ReadOnlySpan<string> attributes)
    {
        for (var i = 0; i < attributes.Length; i++)
        {
            node.IntsToInput(attributes[i], i + 1);
        }

        return [node.Proto];
    }

    private static IEnumerable<NodeProto> DropSpatial(OpsetUpgradeNode node)
    {
        return node.Proto.GetInt("spatial", 1) != 0 ? [node.Remove("spatial").Proto] : throw node.Error("it normalises each place by itself");
    }

    internal static IEnumerable<NodeProto> RequireUnread(OpsetUpgradeNode node, int firstOutput, string problem)
    {
        while (node.Proto.Output.Count > firstOutput)
        {
            if (node.IsRead(node.Proto.Output[^1]))
            {
                throw node.Error(problem);
            }

            node.Proto.Output.RemoveAt(node.Proto.Output.Count - 1);
        }

        return [node.Proto];
    }

    private static IEnumerable<NodeProto> CountToInput(OpsetUpgradeNode node)
    {
        var count = node.Proto.GetInt("k", 0);
        return [node.Remove("k").SetInput(1, node.Constant(TensorProtoExtensions.Int64("k", [1], [count]))).Proto];
    }

    private static OpsetUpgradeNode Succeed(OpsetUpgradeNode node)
    {
        node.Proto.OpType = Successors[node.Proto.OpType];
        return node;
    }

    private static IEnumerable<NodeProto> UpsampleToResize(OpsetUpgradeNode node)
    {
        Succeed(node);
        if (node.Proto.Find("scales") is { } scales)
        {
            node.SetInput(1, node.Constant(TensorProtoExtensions.Float("scales", [scales.Floats.Count], [.. scales.Floats])));
            node.Remove("scales");
        }

        if (node.Proto.GetString("mode", "nearest") == "bilinear")
        {
            node.Set("mode", "linear");
        }

        return ScalesAlone(node);
    }

    /// <summary>Until opset 10 places were scaled from the first element on, and the nearest one was the one before.</summary>
    private static IEnumerable<NodeProto> ScalesAlone(OpsetUpgradeNode node)
    {
        var scales = node.Proto.Input[1];
        if (node.Proto.GetString("mode", "nearest") == "nearest" && node.Info(1)?.Floats is { } known && known.Any(s => s < 1))
        {
            throw node.Error("which elements are left when it shrinks was not said before opset 11");
        }

        node.Set("coordinate_transformation_mode", "asymmetric").Set("nearest_mode", "floor");
        return [node.SetInput(1, "").SetInput(2, scales).Proto];
    }

    private static IEnumerable<NodeProto> RequireKnownCoordinates(OpsetUpgradeNode node)
    {
        const string Gone = "tf_half_pixel_for_nn";
        return node.Proto.GetString("coordinate_transformation_mode", "") != Gone ? [node.Proto] : throw node.Error($"the coordinates '{Gone}' exist in opset 11 alone");
    }

    private static IEnumerable<NodeProto> PadsToInputs(OpsetUpgradeNode node)
    {
        node.IntsToInput("pads", 1);
        return [(node.Proto.GetFloat("value", 0) == 0 ? node.Remove("value") : node.ScalarToInput("value", 2)).Proto];
    }

    private static IEnumerable<NodeProto> RatioToInput(OpsetUpgradeNode node)
    {
        // A ratio is float32 whatever the values are.
        var ratio = node.Proto.GetFloat("ratio", 0.5f);
        return [node.Remove("ratio").SetInput(1, node.Constant(TensorProtoExtensions.Float("ratio", [], [ratio]))).Proto];
    }

    /// <summary>Before opset 13 all dimensions from the axis on were one.</summary>
    private static IEnumerable<NodeProto> OverOneAxis(OpsetUpgradeNode node)
    {
        var (proto, axis) = (node.Proto, node.Proto.GetInt("axis", 1));
        if (axis == -1 || axis == node.Info(0)?.Rank - 1)
        {
            return [node.Set("axis", -1).Proto];
        }

        string x = proto.Input[0], y = proto.Output[0];
        var rows = GraphEdits.MakeNode("Flatten", node.Fresh("rows"), x);
        rows.Set("axis", axis);
        var shape = GraphEdits.MakeNode("Shape", node.Fresh("shape"), x);
        proto.Input[0] = rows.Output[0];
        // The last node gets the output's name, as a node too.
        proto.Name = proto.Output[0] = node.Fresh("of_rows");
        return [rows, node.Set("axis", 1).Proto, shape, GraphEdits.MakeNode("Reshape", y, proto.Output[0], shape.Output[0])];
    }
}
