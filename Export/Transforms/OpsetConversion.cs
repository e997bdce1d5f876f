namespace OneFractal.Export;

/// <summary>
/// Writes a graph in the words of another opset: from 7 to 16 by <see cref="OpsetUpgrade"/>, from 18 to 26 down by <see cref="OpsetDowngrade"/>, and from 17 up
/// to 21 or down to 13 by tables <c>operator, the opset with its newer form → what the node becomes</c>. Values keep their names, and the outputs stay the same.
/// </summary>
public static class OpsetConversion
{
    /// <summary>The oldest and newest opset that can be asked for.</summary>
    public const int Oldest = 13, Newest = 21;

    /// <summary>From this opset on, all reductions take their axes as an input.</summary>
    internal const int AxesAsInput = 18;

    /// <summary>The reductions that had an attribute until then.</summary>
    internal static readonly string[] ReducesByAttribute =
        ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"];

    private static readonly (string Operator, int ChangedIn, Func<OpsetUpgradeNode, IEnumerable<NodeProto>> Change)[] Later =
    [
        .. ReducesByAttribute.Select(name => (name, AxesAsInput, (Func<OpsetUpgradeNode, IEnumerable<NodeProto>>)(n => [n.IntsToInput("axes", 1).Proto]))),
        ("Split", AxesAsInput, CountParts),
        ("GridSample", 20, RenameModes),
        ("DFT", 20, n => throw n.Error("its axis became an input in opset 20")),
        ("GroupNormalization", 21, OpsetDowngrade.NormaliseGroups),
    ];

    private static readonly (string Operator, int NewFormIn, Func<OpsetUpgradeNode, IEnumerable<NodeProto>> Change)[] Earlier =
    [
        ("LayerNormalization", 17, Normalise),
        ("RoiAlign", 16, n => RequireDefault(n, "coordinate_transformation_mode", "output_half_pixel")),
        ("ScatterElements", 16, n => RequireDefault(n, "reduction", "none")),
        ("ScatterND", 16, n => RequireDefault(n, "reduction", "none")),
        ("GridSample", 16, Missing),
        ("Shape", 15, SliceShape),
        ("Bernoulli", 15, Missing),
        ("CastLike", 15, Missing),
        ("BatchNormalization", 15, RequireOneType),
        ("HardSwish", 14, GateHard),
        ("Reshape", 14, n => n.Proto.GetInt("allowzero", 0) == 0 ? [n.Remove("allowzero").Proto] : throw n.Error("a 0 in its shape stands for no elements")),
        ("Trilu", 14, Missing),
    ];

    /// <summary>The IR version that came with each opset from 13 on.</summary>
    private static readonly int[] IrVersions = [7, 7, 8, 8, 8, 8, 9, 9, 10];

    /// <summary>The model as it is where its opset is <paramref name="target"/>, else a copy that computes the same.</summary>
    /// <exception cref="UsageException">An opset outside 13 to 21.</exception>
    /// <exception cref="ModelException">An operator that the opset does not have in this form, by name and node.</exception>
    public static OnnxModel Apply(OnnxModel model, int target)
    {
        Require(target);
        if (model.Opset == target)
        {
            return model;
        }

        var result = OpsetUpgrade.Apply(model);
        if (result.Opset > Math.Max(target, OnnxModel.WrittenOpset))
        {
            result = OpsetDowngrade.Apply(result, Math.Max(target, OnnxModel.WrittenOpset));
        }

        if (result.Opset != target)
        {
            var (from, before) = (result.Opset, result);
            result = OpsetUpgrade.Rewrite(before, target, node => Convert(node, from, target));
        }

        result.Proto.IrVersion = IrVersions[target - Oldest];
        ModelChecker.Check(result);
        return result;
    }

    /// <summary>Refuses an opset that cannot be written.</summary>
    /// <exception cref="UsageException">One outside 13 to 21.</exception>
    public static void Require(int target)
    {
        if (target is < Oldest or > Newest)
        {
            throw new UsageException($"Opset {target} cannot be written: {Oldest} to {Newest} can.");
        }
    }

    private static IEnumerable<NodeProto> Convert(OpsetUpgradeNode node, int opset, int target)
    {
        var type = node.Proto.OpType;
        if (target < opset)
        {
            // Only one entry is of each operator.
            return Earlier.FirstOrDefault(c => c.Operator == type && target < c.NewFormIn) is { Operator: not null } change ? change.Change(node)
                : OpsetUpgrade.Knows(type) || Earlier.Any(c => c.Operator == type) ? [node.Proto]
                : throw node.Error($"opset {target} does not have it, or what changed in it is not known");
        }

        return Later.FirstOrDefault(c => c.Operator == type && opset < c.ChangedIn && target >= c.ChangedIn) is { Operator: not null } later
            ? later.Change(node)
            : [node.Proto];
    }

    private static IEnumerable<NodeProto> CountParts(OpsetUpgradeNode node)
    {
        return [node.Proto.InputOrNull(1) is null ? node.Set("num_outputs", node.Proto.Output.Count).Proto : node.Proto];
    }

    private static IEnumerable<NodeProto> RenameModes(OpsetUpgradeNode node)
    {
        return node.Proto.GetString("mode", "bilinear") switch
        {
            "bilinear" => [node.Set("mode", "linear").Proto],
            "bicubic" => [node.Set("mode", "cubic").Proto],
            _ => [node.Proto],
        };
    }

    private static IEnumerable<NodeProto> Missing(OpsetUpgradeNode node) => throw node.Error("that opset does not have it");

    private static IEnumerable<NodeProto> RequireDefault(OpsetUpgradeNode node, string attribute, string value)
    {
        // RoiAlign's own default is half_pixel, which older opsets lack.
        var given = node.Proto.GetString(attribute, node.Proto.OpType == "RoiAlign" ? "half_pixel" : value);
        return given == value ? [node.Remove(attribute).Proto] : throw node.Error($"older opsets know only {attribute} '{value}', not '{given}'");
    }

    /// <summary>Before opset 15 scale and bias were of the input's type, and before 14 the statistics too.</summary>
    private static IEnumerable<NodeProto> RequireOneType(OpsetUpgradeNode node)
    {
        const int AllOfOneType = 13;
        var others = Enumerable.Range(1, node.Target <= AllOfOneType ? 4 : 2);
        return node.Info(0)?.Type is { } type && others.Any(i => node.Info(i) is { } info && info.Type != type) ? throw node.Error("its input is of another type than its scale, bias or statistics")
            : node.Target <= AllOfOneType ? DropTraining(node) : [node.Proto];
    }

    private static IEnumerable<NodeProto> DropTraining(OpsetUpgradeNode node)
    {
        return node.Proto.GetInt("training_mode", 0) == 0
            ? OpsetUpgrade.RequireUnread(node.Remove("training_mode"), 1, "it hands out statistics, which changed in opset 14")
            : throw node.Error("it trains");
    }

    private static IEnumerable<NodeProto> SliceShape(OpsetUpgradeNode node)
    {
        var (start, end) = (node.Proto.GetInt("start", 0), node.Proto.GetInt("end", long.MaxValue));
        if (start == 0 && end == long.MaxValue)
        {
            return [node.Remove("start").Remove("end").Proto];
        }

        node.Remove("start").Remove("end");
        var output = node.Proto.Output[0];
        // The slice gets the output's name, as a node too.
        node.Proto.Name = node.Proto.Output[0] = node.Fresh("all");
        var (from, to) = (node.Constant(TensorProtoExtensions.Int64("start", [1], [start])), node.Constant(TensorProtoExtensions.Int64("end", [1], [end])));
        return [node.Proto, GraphEdits.MakeNode("Slice", output, node.Proto.Output[0], from, to)];
    }

    /// <summary>x · max(0, min(1, x / 6 + 1 / 2)).</summary>
    private static IEnumerable<NodeProto> GateHard(OpsetUpgradeNode node)
    {
        var (x, y) = (node.Proto.Input[0], node.Proto.Output[0]);
        var gate = GraphEdits.MakeNode("HardSigmoid", node.Fresh("gate"), x);
        gate.Set("alpha", 1f / 6);
        gate.Set("beta", 0.5f);
        return [gate, GraphEdits.MakeNode("Mul", y, x, gate.Output[0])];
    }

    /// <summary>The chain that runtimes know as a layer normalisation.</summary>
    private static IEnumerable<NodeProto> Normalise(OpsetUpgradeNode node)
    {
        var proto = node.Proto;
        if (node.Info(0) is not { Type: DataType.Float, Rank: { } rank })
        {
            throw node.Error("its input is not known to be float32");
        }

        if (proto.Output.Skip(1).Any(node.IsRead))
        {
            throw node.Error("its mean or deviation is read");
        }

        var axis = proto.GetInt("axis", -1);
        long[] axes = [.. Enumerable.Range(0, rank).Select(i => (long)i).Skip((int)(axis < 0 ? axis + rank : axis))];
        NodeProto Mean(string name, string input)
        {
            var mean = GraphEdits.MakeNode("ReduceMean", node.Fresh(name), input);
            mean.Set("axes", axes);
            mean.Set("keepdims", 1);
            return mean;
        }

        var mean = Mean("mean", proto.Input[0]);
        var centred = GraphEdits.MakeNode("Sub", node.Fresh("centred"), proto.Input[0], mean.Output[0]);
        var square = GraphEdits.MakeNode("Pow", node.Fresh("square"), centred.Output[0], node.Constant(TensorProtoExtensions.Float("two", [], [2f])));
        var variance = Mean("variance", square.Output[0]);
        var epsilon = node.Constant(TensorProtoExtensions.Float("epsilon", [], [proto.GetFloat("epsilon", 1e-5f)]));
        var shifted = GraphEdits.MakeNode("Add", node.Fresh("shifted"), variance.Output[0], epsilon);
        var deviation = GraphEdits.MakeNode("Sqrt", node.Fresh("deviation"), shifted.Output[0]);
        var normal = GraphEdits.MakeNode("Div", node.Fresh("normal"), centred.Output[0], deviation.Output[0]);
        var hasBias = proto.InputOrNull(2) is not null;
        var scaled = GraphEdits.MakeNode("Mul", hasBias ? node.Fresh("scaled") : proto.Output[0], normal.Output[0], proto.Input[1]);
        NodeProto[] chain = [mean, centred, square, variance, shifted, deviation, normal, scaled];
        return hasBias ? [.. chain, GraphEdits.MakeNode("Add", proto.Output[0], scaled.Output[0], proto.Input[2])] : chain;
    }
}
