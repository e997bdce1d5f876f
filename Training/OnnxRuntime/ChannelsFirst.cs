namespace OneFractal.Training;

/// <summary>
/// Lets a network of convolutions keep its maps as [channels, batch, height, width]. A convolution then goes over the batch as over a third axis, where its kernel
/// has length 1: that is one large product for all images, where ONNX Runtime would compute a small one for each, and what is per channel goes over long rows.
/// </summary>
internal static class ChannelsFirst
{
    private static readonly long[] Exchange = [1, 0, 2, 3];

    /// <summary>Operators that compute the same in either layout.</summary>
    private static readonly HashSet<string> Indifferent =
        ["Relu", "LeakyRelu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"];

    private static readonly HashSet<string> Binary = ["Add", "Sub", "Mul", "Div"];

    /// <summary>Rewrites <paramref name="model"/>, whose shapes are all known, itself. Transposes are left where maps enter and leave, and before other operators.</summary>
    public static void Apply(OnnxModel model)
    {
        TrainingForm.Rebuild(model, (g, node) => !node.IsStandard() || node.Output.Count != 1 ? null
            : node.OpType == "Conv" ? Convolution(g, node)
            : node.OpType == "BatchNormalization" ? Normalization(g, node)
            : Indifferent.Contains(node.OpType) && Exchanged(g, node.Input[0]) is { } x ? Again(g, node, [x, .. Others(g, node, 1)])
            : Binary.Contains(node.OpType) ? Pair(g, node)
            : null);
        // Transposes back that nothing reads any more.
        GraphEdits.RemoveDeadCode(model);
    }

    private static IReadOnlyList<Value>? Convolution(GraphBuilder g, NodeProto node)
    {
        var (x, weight) = (g.Find(node.Input[0]), g.Find(node.Input[1]));
        if (x.Shape.Count != 4 || node.GetInt("group", 1) != 1 || node.GetString("auto_pad", "NOTSET") != "NOTSET")
        {
            return null;
        }

        var maps = g.Transpose(x, Exchange);
        var kernel = g.Reshape(weight, weight.Length(0), weight.Length(1), 1, weight.Length(2), weight.Length(3));
        var (strides, dilations, pads) = (node.GetInts("strides") ?? [1, 1], node.GetInts("dilations") ?? [1, 1], node.GetInts("pads") ?? [0, 0, 0, 0]);
        var result = g.Node(
            "Conv", [g.Reshape(maps, [1, .. maps.Shape.Select(d => d.Value!.Value)]), kernel, .. Others(g, node, 2)],
            ("strides", (long[])[1, .. strides]), ("dilations", (long[])[1, .. dilations]), ("pads", (long[])[0, .. pads[..2], 0, .. pads[2..]]));
        return [g.Transpose(g.Reshape(result, [.. result.Shape.Skip(1).Select(d => d.Value!.Value)]), Exchange)];
    }

    private static IReadOnlyList<Value>? Normalization(GraphBuilder g, NodeProto node)
    {
        if (Exchanged(g, node.Input[0]) is not { } x)
        {
            return null;
        }

        var rows = g.Reshape(x, 1, x.Length(0), -1);
        var result = g.Node("BatchNormalization", [rows, .. node.Input.Skip(1).Select(g.Find)], Attributes(node));
        return [g.Transpose(g.ReshapeLike(result, x), Exchange)];
    }

    /// <summary>Of two operands, one may be maps in the old layout, or one number.</summary>
    private static IReadOnlyList<Value>? Pair(GraphBuilder g, NodeProto node)
    {
        Value[] operands = [.. node.Input.Select(g.Find)];
        return operands.All(o => Exchanged(g, o.Name) is null) || operands.Any(o => o.Shape.Count is not (0 or 4)) ? null
            : Again(g, node, [.. operands.Select(o => o.Shape.Count == 4 ? g.Transpose(o, Exchange) : o)]);
    }

    /// <summary>The inputs from the given one on; null for one that is left out.</summary>
    private static IEnumerable<Value?> Others(GraphBuilder g, NodeProto node, int from) => node.Input.Skip(from).Select(i => i.Length > 0 ? g.Find(i) : null);

    private static IReadOnlyList<Value> Again(GraphBuilder g, NodeProto node, IReadOnlyList<Value?> inputs)
    {
        return [g.Transpose(g.Node(node.OpType, inputs, Attributes(node)), Exchange)];
    }

    /// <summary>The maps in the new layout, where <paramref name="value"/> is made of such.</summary>
    private static Value? Exchanged(GraphBuilder g, string value)
    {
        return g.Find(value) is { Shape.Count: 4 } x && g.Producer(x) is { OpType: "Transpose" } transpose && transpose.GetInts("perm") is { } perm && perm.SequenceEqual(Exchange)
            ? g.Find(transpose.Input[0])
            : null;
    }

    private static (string, object)[] Attributes(NodeProto node) => [.. node.Attribute.Select(a => (a.Name, (object)a))];
}
