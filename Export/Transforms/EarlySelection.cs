namespace OneFractal.Export;

/// <summary>
/// Moves the selection of one element of an axis, like that of the class token, before the work whose other results nobody reads: of a Vision
/// Transformer's last block, only keys and values are then computed for all tokens. The outputs stay the same.
/// </summary>
public static class EarlySelection
{
    private static readonly HashSet<string> Unary = ["Identity", "Cast", "Erf", "Exp", "Gelu", "Neg", "Relu", "Sigmoid", "Sqrt", "Tanh"];
    private static readonly HashSet<string> Binary = ["Add", "Sub", "Mul", "Div", "Pow"];

    /// <summary>Rewrites <paramref name="model"/> itself.</summary>
    public static void Apply(OnnxModel model)
    {
        var graph = model.Graph;
        var infos = ShapeInference.InferAll(model);
        var selections = FindSelections(graph, infos, model.Opset);
        if (selections.Count == 0)
        {
            return;
        }

        var nodes = new List<NodeProto>();
        var slices = new Dictionary<(string, Selection), string>();
        string Sliced(string value, Selection selection)
        {
            if (selections.ContainsKey(value))
            {
                return value;
            }

            if (!slices.TryGetValue((value, selection), out var slice))
            {
                slices[(value, selection)] = slice = GraphEdits.FreshName(graph, $"{value}.selected");
                nodes.Add(SliceNode(graph, value, slice, selection));
            }

            return slice;
        }

        foreach (var node in graph.Node)
        {
            if (Start(node, infos) is not null && selections.ContainsKey(node.Input[0]))
            {
                node.Input[1] = AddConstant(graph, $"{node.Input[0]}.first", [], [0]);
            }
            else if (node.Output.Any(selections.ContainsKey))
            {
                if (Inputs(node, selections[node.Output.First(selections.ContainsKey)], infos, model.Opset) is { } inputs)
                {
                    for (var i = 0; i < inputs.Length; i++)
                    {
                        node.Input[i] = inputs[i] is { } selection ? Sliced(node.Input[i], selection) : node.Input[i];
                    }

                    if (node.OpType == "Reshape" && infos[node.Input[1]].KnownElements is { } target && target[selections[node.Output[0]].Axis] > 0)
                    {
                        long[] shape = [.. target];
                        shape[selections[node.Output[0]].Axis] = 1;
                        node.Input[1] = AddConstant(graph, $"{node.Output[0]}.shape", [shape.Length], shape);
                    }
                }
                else
                {
                    nodes.Add(node);
                    for (var i = 0; i < node.Output.Count; i++)
                    {
                        if (selections.TryGetValue(node.Output[i], out var selection))
                        {
                            var all = GraphEdits.FreshName(graph, $"{node.Output[i]}.all");
                            nodes.Add(SliceNode(graph, all, node.Output[i], selection));
                            node.Output[i] = all;
                        }
                    }

                    continue;
                }
            }

            nodes.Add(node);
        }

        GraphEdits.Replace(graph.Node, nodes);
        GraphEdits.Replace(graph.ValueInfo, [.. graph.ValueInfo.Where(v => !selections.ContainsKey(v.Name))]);
    }

    /// <summary>Values of which all readers need one element of an axis only, with that element.</summary>
    private static Dictionary<string, Selection> FindSelections(GraphProto graph, Dictionary<string, TensorInfo> infos, int opset)
    {
        var whole = graph.Output.Select(o => o.Name).Concat(graph.Initializer.Select(t => t.Name)).Concat(graph.Input.Select(i => i.Name)).ToHashSet();
        var selections = new Dictionary<string, Selection>();
        void Ask(string value, Selection? selection)
        {
            if (selection is not { } one || whole.Contains(value) || (selections.TryGetValue(value, out var other) && other != one))
            {
                whole.Add(value);
                selections.Remove(value);
            }
            else
            {
                selections[value] = one;
            }
        }

        foreach (var node in graph.Node.Reverse())
        {
            var start = Start(node, infos);
            if (start is not null)
            {
                // A selection of a selection: the second selects of what the first leaves, which is small.
                Ask(node.Output[0], null);
            }

            var wanted = node.Output.Where(selections.ContainsKey).ToArray();
            var inputs = start is not null ? [start]
                : wanted.Length == 1 && node.Output.Count == 1 ? Inputs(node, selections[wanted[0]], infos, opset)
                : null;
            for (var i = 0; i < node.Input.Count; i++)
            {
                Ask(node.Input[i], i < inputs?.Length ? inputs[i] : null);
            }

            foreach (var inner in node.Bodies().SelectMany(b => b.WithBodies()).SelectMany(b => b.Node).SelectMany(n => n.Input))
            {
                Ask(inner, null);
            }
        }

        return selections;
    }

    /// <summary>What a Gather selects, when it is one element at a known place of an axis behind the first.</summary>
    private static Selection? Start(NodeProto node, Dictionary<string, TensorInfo> infos)
    {
        return node is { OpType: "Gather" } && node.IsStandard() && infos.GetValueOrDefault(node.Input[0])?.Shape is { } shape
            && infos.GetValueOrDefault(node.Input[1]) is { Rank: 0, KnownElements: [var index] } && node.GetInt("axis", 0) is var axis
            && (axis < 0 ? axis + shape.Count : axis) is > 0 and var from && shape[(int)from].Value is { } length && index >= -length && index < length
            ? new Selection((int)from, index < 0 ? index + length : index)
            : null;
    }

    /// <summary>What the node must be given so that it computes only the selection of its output: of each input, all (null) or a selection; null where it cannot.</summary>
    private static Selection?[]? Inputs(NodeProto node, Selection selection, Dictionary<string, TensorInfo> infos, int opset)
    {
        var output = infos.GetValueOrDefault(node.Output[0])?.Shape;
        var shapes = node.Input.Select(i => infos.GetValueOrDefault(i)?.Shape).ToArray();
        if (!node.IsStandard() || output is null || shapes.Any(s => s is null))
        {
            return null;
        }

        var axis = selection.Axis;
        Selection?[] First(Selection first) => [first, .. Enumerable.Repeat<Selection?>(null, shapes.Length - 1)];
        switch (node.OpType)
        {
            case var unary when Unary.Contains(unary):
                return [selection];
            case var binary when Binary.Contains(binary):
                return
                [
                    .. shapes.Select(s => axis - (output.Count - s!.Count) is >= 0 and var at && s[at].Value != 1 ? selection with { Axis = at } : (Selection?)null),
                ];
            case "LayerNormalization" when node.Output.Count == 1:
                var normalised = node.GetInt("axis", -1);
                return axis < (normalised < 0 ? normalised + output.Count : normalised) ? First(selection) : null;
            // Before opset 13 it is over all axes from one on.
            case "Softmax" when opset >= 13:
                var over = node.GetInt("axis", -1);
                return axis != (over < 0 ? over + output.Count : over) ? [selection] : null;
            case "MatMul":
                return axis == output.Count - 2 && shapes[0]!.Count >= 2 && shapes[1]!.Count >= 2 ? First(selection with { Axis = shapes[0]!.Count - 2 }) : null;
            case "Transpose" when node.GetInts("perm") is { } perm:
                return [selection with { Axis = (int)perm[axis] }];
            case "Reshape":
                // What comes before the axis, and the axis itself, must stay as they are.
                return axis < shapes[0]!.Count && output.Take(axis + 1).SequenceEqual(shapes[0]!.Take(axis + 1)) && infos[node.Input[1]].KnownElements is not null
                    ? First(selection)
                    : null;
            default:
                return null;
        }
    }

    private static NodeProto SliceNode(GraphProto graph, string value, string output, Selection selection)
    {
        return GraphEdits.MakeNode(
            "Slice",
            output,
            value,
            AddConstant(graph, $"{output}.start", [1], [selection.Index]),
            AddConstant(graph, $"{output}.end", [1], [selection.Index + 1]),
            AddConstant(graph, $"{output}.axis", [1], [selection.Axis]));
    }

    private static string AddConstant(GraphProto graph, string name, long[] dimensions, long[] values)
    {
        var fresh = GraphEdits.FreshName(graph, name);
        graph.Initializer.Add(TensorProtoExtensions.Int64(fresh, dimensions, values));
        return fresh;
    }

    /// <summary>One element of an axis.</summary>
    private readonly record struct Selection(int Axis, long Index);
}
