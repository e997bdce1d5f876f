namespace OneFractal.Training;

/// <summary>
/// Splits the work of a step into equal parts of its batch: a Loop runs the graph of one part after the other and adds their results. What a part
/// computes stays in the caches from one operator to the next, and the memory of a step is that of one part.
/// </summary>
internal static class MicroBatches
{
    private const string PartSuffix = ".part";
    private const string Index = "part.index";
    private const string Condition = "part.condition";

    /// <summary>
    /// Bytes of a part's largest value that a part aims at: a few such values should fit into the second-level caches of two cores. Of 1 to 16 MiB,
    /// the fastest for the ViTs of <c>bench train</c>.
    /// </summary>
    private const double TargetBytes = 1 << 22;

    /// <summary>
    /// In how many equal parts a batch is best computed. Batch normalisation needs the whole batch at once.
    /// </summary>
    public static int Count(OnnxModel model, int batch)
    {
        if (model.RunningStatistics.Count > 0)
        {
            return 1;
        }

        var initializers = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        var largest = ShapeInference.InferAll(FixedBatch.Fix(model, 1))
            .Where(v => !initializers.Contains(v.Key) && v.Value.StaticShape is not null)
            .Max(v => v.Value.StaticShape!.Aggregate(4.0, (bytes, d) => bytes * d));
        return Enumerable.Range(1, batch).First(parts => batch % parts == 0 && (parts == batch || largest * (batch / parts) <= TargetBytes));
    }

    /// <summary>
    /// Lets <paramref name="model"/>, whose first dimension is a part's, take all parts at once: its outputs become their sums over the parts. What does
    /// not depend on the part is computed once before the Loop, and what can be done to a sum as well as to its terms once after it.
    /// </summary>
    /// <param name="model">The graph of one part; it is changed.</param>
    /// <param name="batched">Inputs that are cut into parts along their first dimension.</param>
    /// <param name="seed">An int64 input, from which each part gets its own.</param>
    /// <param name="parts">Number of parts.</param>
    public static void Apply(OnnxModel model, IReadOnlyCollection<string> batched, string seed, int parts)
    {
        var graph = model.Graph;
        var infos = ShapeInference.InferAll(model);
        var nodes = graph.Node.ToList();
        graph.Node.Clear();
        var after = TakeLinear(graph, nodes);
        var inside = SplitInvariant(nodes, [.. batched, seed], graph.Node);

        var body = new GraphProto { Name = "part" };
        body.Input.Add(new TensorInfo(DataType.Int64, []).ToProto(Index));
        body.Input.Add(new TensorInfo(DataType.Bool, []).ToProto(Condition));
        foreach (var name in batched)
        {
            AddPart(graph, body, name, parts);
        }

        AddSeed(graph, body, seed);
        foreach (var node in inside)
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = batched.Contains(node.Input[i]) || node.Input[i] == seed ? node.Input[i] + PartSuffix : node.Input[i];
            }

            body.Node.Add(node);
        }

        body.Node.Add(GraphEdits.MakeNode("Identity", $"{Condition}.next", Condition));
        body.Output.Add(new TensorInfo(DataType.Bool, []).ToProto($"{Condition}.next"));
        var loop = new NodeProto { OpType = "Loop", Name = "parts" };
        loop.Input.AddRange([AddConstant(graph, TensorProtoExtensions.Int64("parts.count", [], [parts])), ""]);
        // What is read after the Loop, or handed out, and was computed in it.
        var computed = inside.SelectMany(n => n.Output).ToHashSet();
        foreach (var sum in after.SelectMany(n => n.Input).Concat(graph.Output.Select(o => o.Name)).Where(computed.Contains).Distinct())
        {
            var (info, term, before) = (infos[sum], sum + PartSuffix, $"{sum}.before");
            foreach (var node in inside)
            {
                Rename(node.Input, sum, term);
                Rename(node.Output, sum, term);
            }

            loop.Input.Add(AddZeros(graph, $"{sum}.zero", info));
            body.Input.Add(info.ToProto(before));
            body.Node.Add(GraphEdits.MakeNode("Add", $"{sum}.after", before, term));
            body.Output.Add(info.ToProto($"{sum}.after"));
            loop.Output.Add(sum);
            graph.ValueInfo.Add(info.ToProto(sum));
        }

        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        graph.Node.Add(loop);
        graph.Node.AddRange(after);
    }

    /// <summary>Takes the nodes at the end that only reorder an output's elements.</summary>
    private static List<NodeProto> TakeLinear(GraphProto graph, List<NodeProto> nodes)
    {
        var readers = nodes.SelectMany(n => n.Input).CountBy(i => i).ToDictionary();
        var producers = nodes.SelectMany(n => n.Output.Select(o => (o, n))).ToDictionary(p => p.o, p => p.n);
        var taken = new List<NodeProto>();
        foreach (var output in graph.Output)
        {
            var name = output.Name;
            while (producers.GetValueOrDefault(name) is { OpType: "Identity" or "Transpose" or "Reshape" } node
                && (name == output.Name ? !readers.ContainsKey(name) : readers[name] == 1))
            {
                taken.Add(node);
                nodes.Remove(node);
                name = node.Input[0];
            }
        }

        taken.Reverse();
        return taken;
    }

    /// <summary>Gives the nodes that do not depend on <paramref name="varying"/> to <paramref name="invariant"/>; returns the others.</summary>
    private static List<NodeProto> SplitInvariant(List<NodeProto> nodes, HashSet<string> varying, ICollection<NodeProto> invariant)
    {
        var result = new List<NodeProto>();
        foreach (var node in nodes)
        {
            if (node.Input.Any(varying.Contains))
            {
                varying.UnionWith(node.Output);
                result.Add(node);
            }
            else
            {
                invariant.Add(node);
            }
        }

        return result;
    }

    /// <summary>Makes an input that was a part's the whole batch's, and cuts its parts out of it.</summary>
    private static void AddPart(GraphProto graph, GraphProto body, string name, int parts)
    {
        var input = graph.Input.First(i => i.Name == name);
        var info = TensorInfo.From(input)!;
        long[] shape = info.StaticShape!;
        input.Type = (info with { Shape = [shape[0] * parts, .. info.Shape!.Skip(1)] }).ToProto(name).Type;
        var stacked = $"{name}.parts";
        var stackedShape = AddConstant(graph, TensorProtoExtensions.Int64($"{stacked}.shape", [shape.Length + 1], [parts, .. shape]));
        graph.Node.Add(GraphEdits.MakeNode("Reshape", stacked, name, stackedShape));
        var gather = GraphEdits.MakeNode("Gather", name + PartSuffix, stacked, Index);
        gather.Set("axis", 0);
        body.Node.Add(gather);
    }

    /// <summary>Every part draws other numbers: the seed moves on by a prime.</summary>
    private static void AddSeed(GraphProto graph, GraphProto body, string seed)
    {
        var step = AddConstant(graph, TensorProtoExtensions.Int64("part.seed.step", [], [1_000_003]));
        var modulus = AddConstant(graph, TensorProtoExtensions.Int64("part.seed.modulus", [], [RandomNumbers.Prime]));
        body.Node.Add(GraphEdits.MakeNode("Mul", "part.seed.offset", Index, step));
        body.Node.Add(GraphEdits.MakeNode("Add", "part.seed.sum", seed, "part.seed.offset"));
        body.Node.Add(GraphEdits.MakeNode("Mod", seed + PartSuffix, "part.seed.sum", modulus));
    }

    private static string AddZeros(GraphProto graph, string name, TensorInfo info)
    {
        var shape = AddConstant(graph, TensorProtoExtensions.Int64($"{name}.shape", [info.Rank!.Value], [.. info.StaticShape!]));
        var zeros = GraphEdits.MakeNode("ConstantOfShape", name, shape);
        zeros.Set("value", info.Type == DataType.Int64 ? TensorProtoExtensions.Int64("", [1], [0]) : TensorProtoExtensions.Float("", [1], [0f]));
        graph.Node.Add(zeros);
        return name;
    }

    private static string AddConstant(GraphProto graph, TensorProto tensor)
    {
        graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private static void Rename(IList<string> names, string from, string to)
    {
        for (var i = 0; i < names.Count; i++)
        {
            names[i] = names[i] == from ? to : names[i];
        }
    }
}
