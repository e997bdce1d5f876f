namespace OneFractal.Export;

/// <summary>
/// Writes a graph of opset 18 to 26 in the words of an older one, down to 17: a table <c>operator, the opset with its newer form → what the node becomes</c>.
/// </summary>
internal static class OpsetDowngrade
{
    private static readonly (string Operator, int NewFormIn, Func<OpsetUpgradeNode, IEnumerable<NodeProto>> Change)[] Changes =
    [
        .. OpsetConversion.ReducesByAttribute.Select(name => (name, 18, (Func<OpsetUpgradeNode, IEnumerable<NodeProto>>)AxesToAttribute)),
        ("ReduceMax", 20, RequireNumbers),
        ("ReduceMin", 20, RequireNumbers),
        ("Split", 18, PartsToSizes),
        ("Pad", 18, PadAllAxes),
        ("Pad", 19, n => RequireDefault(n, "mode", "constant", "reflect", "edge")),
        ("Resize", 18, ResizeAllAxes),
        ("Resize", 19, RequireOlderCoordinates),
        ("ScatterElements", 18, n => RequireDefault(n, "reduction", "none", "add", "mul")),
        ("ScatterND", 18, n => RequireDefault(n, "reduction", "none", "add", "mul")),
        ("LpPool", 18, n => n.Proto.GetInt("ceil_mode", 0) == 0 ? WithoutDilations(n.Remove("ceil_mode")) : throw n.Error("its sizes are rounded up")),
        ("AveragePool", 19, WithoutDilations),
        ("Cast", 19, n => [n.Remove("saturate").Proto]),
        ("Cast", 24, n => [n.Remove("round_mode").Proto]),
        ("CastLike", 19, n => [n.Remove("saturate").Proto]),
        ("CastLike", 24, n => [n.Remove("round_mode").Proto]),
        ("QuantizeLinear", 19, n => RequireTypes(n.Remove("saturate"), (0, [DataType.Float, DataType.Int32]), (1, [DataType.Float]))),
        ("QuantizeLinear", 21, WithoutOutputType),
        ("QuantizeLinear", 23, n => n.Proto.GetInt("precision", 0) is 0 or (long)DataType.Float ? [n.Remove("precision").Proto] : throw n.Error("it divides in another type")),
        ("DequantizeLinear", 19, n => RequireTypes(n, (1, [DataType.Float]))),
        ("DequantizeLinear", 21, n => WithoutBlocks(RequireOlderIntegers(n, 0))),
        ("DequantizeLinear", 23, n => n.Proto.GetInt("output_dtype", 0) is var type && (type == 0 || type == (long?)n.Info(1)?.Type)
            ? [n.Remove("output_dtype").Proto] : throw n.Error("its result is of another type than its scale")),
        ("GridSample", 20, SampleImages),
        ("GroupNormalization", 21, NormaliseGroups),
        ("GroupNormalization", 18, NormaliseGroups),
        ("RMSNormalization", 23, NormaliseSquares),
        ("Gelu", 20, Gelu),
        ("Mish", 18, Mish),
        ("Swish", 24, Swish),
        .. new[]
        {
            ("BitwiseAnd", 18), ("BitwiseNot", 18), ("BitwiseOr", 18), ("BitwiseXor", 18), ("CenterCropPad", 18), ("Col2Im", 18), ("DeformConv", 19),
            ("AffineGrid", 20), ("DFT", 20), ("Attention", 23), ("RotaryEmbedding", 23), ("TensorScatter", 24), ("BitCast", 26), ("CumProd", 26),
        }.Select(o => (o.Item1, o.Item2, (Func<OpsetUpgradeNode, IEnumerable<NodeProto>>)(n => throw n.Error("that opset does not have it in this form")))),
    ];

    /// <summary>Types of elements that opset 17 does not have, and the first that has them.</summary>
    private static readonly Dictionary<DataType, int> NewTypes = new()
    {
        [DataType.Float8E4M3Fn] = 19, [DataType.Float8E4M3Fnuz] = 19, [DataType.Float8E5M2] = 19, [DataType.Float8E5M2Fnuz] = 19, [DataType.Uint4] = 21, [DataType.Int4] = 21,
        [DataType.Float4E2M1] = 23, [DataType.Float8E8M0] = 24, [DataType.Uint2] = 25, [DataType.Int2] = 25,
    };

    /// <summary>A copy of the model at the opset <paramref name="target"/>, 17 or newer and older than its own.</summary>
    /// <exception cref="ModelException">An operator that the opset does not have in this form, by name and node.</exception>
    public static OnnxModel Apply(OnnxModel model, int target)
    {
        var result = OpsetUpgrade.Rewrite(model, target, Downgrade);
        // Axes and sizes that became attributes.
        GraphEdits.RemoveDeadCode(result);
        return result;
    }

    private static IEnumerable<NodeProto> Downgrade(OpsetUpgradeNode node)
    {
        var type = node.Proto.OpType;
        if (node.Types().Where(t => NewTypes.GetValueOrDefault(t) > node.Target).Select(t => (DataType?)t).FirstOrDefault() is { } newType)
        {
            throw node.Error($"it has values of the type {newType}, which that opset does not have");
        }

        var changes = Changes.Where(c => c.Operator == type).OrderByDescending(c => c.NewFormIn).ToArray();
        if (changes.Length == 0 && type != "LayerNormalization" && !OpsetUpgrade.Knows(type))
        {
            throw node.Error("what changed in it is not known");
        }

        foreach (var change in changes.Where(c => node.Target < c.NewFormIn && c.NewFormIn <= node.Opset))
        {
            NodeProto[] nodes = [.. change.Change(node)];
            // What became something else has no older forms.
            if (nodes is not [var same] || same != node.Proto)
            {
                return nodes;
            }
        }

        return [node.Proto];
    }

    private static IEnumerable<NodeProto> AxesToAttribute(OpsetUpgradeNode node)
    {
        var proto = node.Proto;
        var nothing = proto.GetInt("noop_with_empty_axes", 0) != 0;
        long[] axes = proto.InputOrNull(1) is null ? [] : node.Info(1)?.KnownElements ?? throw node.Error("its axes are computed");
        node.Remove("noop_with_empty_axes").DropInput(1);
        return axes.Length > 0 ? [node.Set("axes", axes).Proto] : nothing ? throw node.Error("it reduces nothing") : [proto];
    }

    private static IEnumerable<NodeProto> RequireNumbers(OpsetUpgradeNode node)
    {
        return node.Info(0)?.Type != DataType.Bool ? [node.Proto] : throw node.Error("it reduces truth values");
    }

    private static IEnumerable<NodeProto> PartsToSizes(OpsetUpgradeNode node)
    {
        var parts = node.Proto.Find("num_outputs") is null ? 0 : node.Proto.Output.Count;
        node.Remove("num_outputs");
        var axis = node.Proto.GetInt("axis", 0);
        // Older opsets refuse parts that are not equal, and so nothing is wrong where the length is not known.
        if (parts > 0 && node.Info(0)?.Shape is { } shape && shape[(int)(axis < 0 ? axis + shape.Count : axis)].Value is { } length && length % parts != 0)
        {
            var size = (length + parts - 1) / parts;
            long[] sizes = [.. Enumerable.Repeat(size, parts - 1), length - size * (parts - 1)];
            node.SetInput(1, node.Constant(TensorProtoExtensions.Int64("split", [parts], sizes)));
        }

        return [node.Proto];
    }

    private static IEnumerable<NodeProto> PadAllAxes(OpsetUpgradeNode node)
    {
        if (node.Proto.InputOrNull(3) is null)
        {
            return [node.Proto];
        }

        var given = node.Info(3)?.KnownElements ?? throw node.Error("its axes are computed");
        var (axes, rank) = Axes(node, given);
        node.DropInput(3);
        return Spread(
            node, 1, new long[2 * rank], node.Info(1)?.KnownElements, [.. axes, .. axes.Select(a => a + rank)], pads => TensorProtoExtensions.Int64("pads", [pads.Length], pads));
    }

    private static IEnumerable<NodeProto> RequireOlderCoordinates(OpsetUpgradeNode node)
    {
        const string Attribute = "coordinate_transformation_mode", New = "half_pixel_symmetric";
        return node.Proto.GetString(Attribute, "") != New ? [node.Proto] : throw node.Error($"its coordinates are '{New}'");
    }

    private static IEnumerable<NodeProto> ResizeAllAxes(OpsetUpgradeNode node)
    {
        const string Policy = "keep_aspect_ratio_policy", Stretch = "stretch";
        var proto = node.Proto;
        if (proto.GetInt("antialias", 0) != 0)
        {
            throw node.Error("it resizes with antialias");
        }

        if (proto.InputOrNull(3) is not null && proto.GetString(Policy, Stretch) != Stretch)
        {
            throw node.Error("it keeps the aspect ratio");
        }

        node.Remove("antialias").Remove(Policy);
        if (proto.GetInts("axes") is not { } given)
        {
            return [proto];
        }

        if (proto.InputOrNull(1) is not null && proto.GetString("coordinate_transformation_mode", "") == "tf_crop_and_resize")
        {
            throw node.Error("it crops some axes alone");
        }

        var (axes, rank) = Axes(node, given);
        node.Remove("axes");
        if (proto.InputOrNull(3) is not { } sizes)
        {
            return Spread(
                node, 2, [.. Enumerable.Repeat(1f, rank)], node.Info(2)?.Floats, axes, scales => TensorProtoExtensions.Float("scales", [scales.Length], scales));
        }

        if (node.Info(0)?.StaticShape is { } shape)
        {
            return Spread(node, 3, shape, node.Info(3)?.KnownElements, axes, all => TensorProtoExtensions.Int64("sizes", [all.Length], all));
        }

        var own = GraphEdits.MakeNode("Shape", node.Fresh("shape"), proto.Input[0]);
        return [own, .. SpreadInto(node, 3, own.Output[0], axes)];
    }

    /// <summary>Axes counted from the first, and how many the input has.</summary>
    private static (long[] Axes, int Rank) Axes(OpsetUpgradeNode node, long[] axes)
    {
        var rank = node.Info(0)?.Rank ?? throw node.Error("it has values for some axes, and how many there are is not known");
        long[] places = [.. axes.Select(a => a < 0 ? a + rank : a)];
        return places.All(p => p >= 0 && p < rank) ? (places, rank) : throw node.Error($"it has values for axes that its input of {rank} does not have");
    }

    /// <summary>Makes of an input that has a value for some places one that has those of <paramref name="whole"/> for the others.</summary>
    private static IEnumerable<NodeProto> Spread<T>(OpsetUpgradeNode node, int input, T[] whole, T[]? known, long[] places, Func<T[], TensorProto> store)
    {
        if (known is null)
        {
            return SpreadInto(node, input, node.Constant(store(whole)), places);
        }

        foreach (var (place, value) in places.Zip(known))
        {
            whole[place] = value;
        }

        return [node.SetInput(input, node.Constant(store(whole))).Proto];
    }

    private static IEnumerable<NodeProto> SpreadInto(OpsetUpgradeNode node, int input, string whole, long[] places)
    {
        var indices = node.Constant(TensorProtoExtensions.Int64("places", [places.Length], places));
        var scatter = GraphEdits.MakeNode("ScatterElements", node.Fresh("all"), whole, indices, node.Proto.Input[input]);
        return [scatter, node.SetInput(input, scatter.Output[0]).Proto];
    }

    /// <summary>Refuses a value that older opsets lack; the default is the first that they have.</summary>
    private static IEnumerable<NodeProto> RequireDefault(OpsetUpgradeNode node, string attribute, params string[] older)
    {
        var given = node.Proto.GetString(attribute, older[0]);
        return older.Contains(given) ? [node.Proto] : throw node.Error($"older opsets do not know {attribute} '{given}'");
    }

    private static IEnumerable<NodeProto> WithoutDilations(OpsetUpgradeNode node)
    {
        return node.Proto.GetInts("dilations")?.Any(d => d != 1) != true ? [node.Remove("dilations").Proto] : throw node.Error("it has dilations");
    }

    private static IEnumerable<NodeProto> RequireTypes(OpsetUpgradeNode node, params (int Input, DataType[] Types)[] older)
    {
        foreach (var (input, types) in older)
        {
            if (node.Info(input) is { } info && !types.Contains(info.Type))
            {
                throw node.Error($"'{node.Proto.Input[input]}' is of the type {info.Type}, which older opsets do not take there");
            }
        }

        return [node.Proto];
    }

    private static OpsetUpgradeNode RequireOlderIntegers(OpsetUpgradeNode node, int input)
    {
        RequireTypes(node, (input, [DataType.Int8, DataType.Uint8, DataType.Int32, DataType.Float8E4M3Fn, DataType.Float8E4M3Fnuz, DataType.Float8E5M2, DataType.Float8E5M2Fnuz]));
        return node;
    }

    private static IEnumerable<NodeProto> WithoutBlocks(OpsetUpgradeNode node)
    {
        return node.Proto.GetInt("block_size", 0) == 0 ? [node.Remove("block_size").Proto] : throw node.Error("it has a scale for each block");
    }

    /// <summary>Before opset 21 the zero point said the type of the result.</summary>
    private static IEnumerable<NodeProto> WithoutOutputType(OpsetUpgradeNode node)
    {
        RequireOlderIntegers(node, 2);
        var type = (DataType)node.Proto.GetInt("output_dtype", 0);
        node.Remove("output_dtype");
        if (node.Proto.InputOrNull(2) is null && type is not (DataType.Undefined or DataType.Uint8))
        {
            var shape = type == DataType.Int8 && node.Info(1)?.StaticShape is { } known ? known : throw node.Error($"its result is {type}, which only a zero point said");
            node.SetInput(2, node.Constant(QuantizedWeight.Tensor("zero_point", type, shape, new byte[shape.Aggregate(1L, (a, b) => a * b)])));
        }

        return WithoutBlocks(node);
    }

    private static IEnumerable<NodeProto> SampleImages(OpsetUpgradeNode node)
    {
        if (node.Info(0)?.Rank is not (null or 4))
        {
            throw node.Error("it samples volumes");
        }

        return node.Proto.GetString("mode", "linear") switch
        {
            "linear" => [node.Set("mode", "bilinear").Proto],
            "cubic" => [node.Set("mode", "bicubic").Proto],
            _ => [node.Proto],
        };
    }

    /// <summary>
    /// A group of channels as one channel, normalised. Scale and bias are one number a group before opset 21, and since one a channel, for which the result is
    /// scaled after.
    /// </summary>
    internal static IEnumerable<NodeProto> NormaliseGroups(OpsetUpgradeNode node)
    {
        const int PerChannelSince = 21, MostGroups = 1 << 16;
        node.RequireFloat();
        var proto = node.Proto;
        string x = proto.Input[0], scale = proto.Input[1], bias = proto.Input[2], y = proto.Output[0];
        var groups = proto.GetInt("num_groups", 1);
        if (groups is < 1 or > MostGroups)
        {
            throw node.Error($"it has {groups} groups");
        }

        string Constants(string name, float value) => node.Constant(TensorProtoExtensions.Float(name, [groups], [.. Enumerable.Repeat(value, (int)groups)]));
        var perChannel = node.Opset >= PerChannelSince;
        var joined = GraphEdits.MakeNode("Reshape", node.Fresh("groups"), x, node.Constant(TensorProtoExtensions.Int64("by_group", [3], [0, groups, -1])));
        var normal = GraphEdits.MakeNode(
            "InstanceNormalization", node.Fresh("normal"), joined.Output[0], perChannel ? Constants("ones", 1) : scale, perChannel ? Constants("zeros", 0) : bias);
        normal.Set("epsilon", proto.GetFloat("epsilon", 1e-5f));
        var shape = GraphEdits.MakeNode("Shape", node.Fresh("shape"), x);
        var apart = GraphEdits.MakeNode("Reshape", perChannel ? node.Fresh("channels") : y, normal.Output[0], shape.Output[0]);
        NodeProto[] nodes = [joined, normal, shape, apart];
        if (!perChannel)
        {
            return nodes;
        }

        if (node.Info(0)!.Rank is not { } rank || rank < 2)
        {
            throw node.Error("how many axes its input has is not known");
        }

        var axes = node.Constant(TensorProtoExtensions.Int64("axes", [rank - 2], [.. Enumerable.Range(1, rank - 2).Select(i => (long)i)]));
        NodeProto Wide(string name, string value) => GraphEdits.MakeNode("Unsqueeze", node.Fresh(name), value, axes);
        var (wideScale, wideBias) = (Wide("scale", scale), Wide("bias", bias));
        var scaled = GraphEdits.MakeNode("Mul", node.Fresh("scaled"), apart.Output[0], wideScale.Output[0]);
        return [.. nodes, wideScale, wideBias, scaled, GraphEdits.MakeNode("Add", y, scaled.Output[0], wideBias.Output[0])];
    }

    /// <summary>x / √(mean of x² + epsilon) · scale.</summary>
    private static IEnumerable<NodeProto> NormaliseSquares(OpsetUpgradeNode node)
    {
        node.RequireFloat();
        var proto = node.Proto;
        var x = proto.Input[0];
        var axis = proto.GetInt("axis", -1);
        var rank = node.Info(0)!.Rank ?? throw node.Error("how many axes its input has is not known");
        long[] axes = [.. Enumerable.Range(0, rank).Select(i => (long)i).Skip((int)(axis < 0 ? axis + rank : axis))];
        var square = GraphEdits.MakeNode("Mul", node.Fresh("square"), x, x);
        var mean = GraphEdits.MakeNode("ReduceMean", node.Fresh("mean"), square.Output[0]);
        if (node.Target < OpsetConversion.AxesAsInput)
        {
            mean.Set("axes", axes);
        }
        else
        {
            mean.Input.Add(node.Constant(TensorProtoExtensions.Int64("axes", [axes.Length], axes)));
        }

        var shifted = GraphEdits.MakeNode("Add", node.Fresh("shifted"), mean.Output[0], Number(node, "epsilon", proto.GetFloat("epsilon", 1e-5f)));
        var root = GraphEdits.MakeNode("Sqrt", node.Fresh("root"), shifted.Output[0]);
        var normal = GraphEdits.MakeNode("Div", node.Fresh("normal"), x, root.Output[0]);
        return [square, mean, shifted, root, normal, GraphEdits.MakeNode("Mul", proto.Output[0], normal.Output[0], proto.Input[1])];
    }

    /// <summary>x · (1 + erf(x / √2)) / 2, in the form that runtimes fuse; or, by tanh, x · (1 + tanh(√(2 / π) · (x + 0.044715 x³))) / 2.</summary>
    private static IEnumerable<NodeProto> Gelu(OpsetUpgradeNode node)
    {
        node.RequireFloat();
        var (x, y) = (node.Proto.Input[0], node.Proto.Output[0]);
        List<NodeProto> nodes = [];
        string Add(string opType, string name, params string[] inputs)
        {
            nodes.Add(GraphEdits.MakeNode(opType, node.Fresh(name), inputs));
            return nodes[^1].Output[0];
        }

        string step;
        if (node.Proto.GetString("approximate", "none") == "tanh")
        {
            var cube = Add("Mul", "cube", Add("Mul", "square", x, x), x);
            var inner = Add("Add", "inner", x, Add("Mul", "cubic", cube, Number(node, "weight", 0.044715f)));
            step = Add("Tanh", "tanh", Add("Mul", "scaled", inner, Number(node, "root", MathF.Sqrt(2 / MathF.PI))));
        }
        else
        {
            step = Add("Erf", "erf", Add("Div", "scaled", x, Number(node, "root", MathF.Sqrt(2))));
        }

        var gate = Add("Mul", "gate", x, Add("Add", "step", step, Number(node, "one", 1)));
        return [.. nodes, GraphEdits.MakeNode("Mul", y, gate, Number(node, "half", 0.5f))];
    }

    /// <summary>x · tanh(log(1 + exp x)).</summary>
    private static IEnumerable<NodeProto> Mish(OpsetUpgradeNode node)
    {
        var soft = GraphEdits.MakeNode("Softplus", node.Fresh("softplus"), node.Proto.Input[0]);
        var gate = GraphEdits.MakeNode("Tanh", node.Fresh("gate"), soft.Output[0]);
        return [soft, gate, GraphEdits.MakeNode("Mul", node.Proto.Output[0], node.Proto.Input[0], gate.Output[0])];
    }

    /// <summary>x · sigmoid(alpha · x).</summary>
    private static IEnumerable<NodeProto> Swish(OpsetUpgradeNode node)
    {
        var (x, alpha) = (node.Proto.Input[0], node.Proto.GetFloat("alpha", 1));
        NodeProto[] scaled = [];
        if (alpha != 1)
        {
            node.RequireFloat();
            scaled = [GraphEdits.MakeNode("Mul", node.Fresh("scaled"), x, Number(node, "alpha", alpha))];
        }

        var gate = GraphEdits.MakeNode("Sigmoid", node.Fresh("gate"), scaled is [var first] ? first.Output[0] : x);
        return [.. scaled, gate, GraphEdits.MakeNode("Mul", node.Proto.Output[0], x, gate.Output[0])];
    }

    private static string Number(OpsetUpgradeNode node, string name, float value) => node.Constant(TensorProtoExtensions.Float(name, [], [value]));
}
