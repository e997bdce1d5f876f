namespace OneFractal.Training;

/// <summary>
/// Splits the work of a step into equal parts of its batch: the graph of one part, and a Loop that runs it for each of the others and adds their results. What a part
/// computes stays in the caches from one operator to the next, and the memory of a step is that of one part.
/// </summary>
internal static class MicroBatches
{
    private const string PartSuffix = ".part";
    private const string StackSuffix = ".parts";
    private const string Place = "part.place";
    private const string Index = "part.index";
    private const string Condition = "part.condition";
    private const string Modulus = "part.seed.modulus";
    private const string Offset = "part.seed.offset";
    private const string One = "part.one";
    private const string RestCount = "parts.count";
    private const string SeedStep = "part.seed.step";
    private const string SeedSum = "part.seed.sum";

    /// <summary>
    /// Bytes of a part's largest value that a part aims at. Smaller parts lose more to the sums of gradients than they win by the caches; with larger ones, a step
    /// of the ViTs of <c>bench train</c> takes more memory than TorchSharp's.
    /// </summary>
    private const double TargetBytes = 2.5 * 1024 * 1024;

    /// <summary>Names of values that <see cref="Apply"/> adds whatever the graph is, so that it must not have them.</summary>
    public static IReadOnlyList<string> OwnNames { get; } = [Place, Index, Condition, $"{Condition}.next", Modulus, Offset, One, RestCount, SeedStep, SeedSum];

    /// <summary>
    /// In how many equal parts a batch is best computed: one where images of a batch meet, as in batch normalisation.
    /// </summary>
    public static int Count(OnnxModel model, int batch)
    {
        if (model.RunningStatistics.Count > 0)
        {
            return 1;
        }

        var one = FixedBatch.Fix(model, 1);
        var infos = ShapeInference.InferAll(one);
        if (!KeepsImagesApart(model, infos))
        {
            return 1;
        }

        var largest = GradientGraph.DependingOn(one.Graph.Node, [one.Graph.Input[0].Name])
            .Max(v => infos.GetValueOrDefault(v)?.StaticShape?.Aggregate(4.0, (bytes, d) => bytes * d) ?? 0);
        return Enumerable.Range(1, batch).First(parts => batch % parts == 0 && (parts == batch || largest * (batch / parts) <= TargetBytes));
    }

    /// <summary>
    /// Whether the first dimension of all that is computed from the images is the batch, or a multiple of it: whatever sums over images, like the mean of a decomposed batch
    /// normalisation, loses it.
    /// </summary>
    /// <param name="model">The graph.</param>
    /// <param name="ofOne">What is known of its values where the batch is one image.</param>
    private static bool KeepsImagesApart(OnnxModel model, IReadOnlyDictionary<string, TensorInfo> ofOne)
    {
        var ofTwo = ShapeInference.InferAll(FixedBatch.Fix(model, 2));
        // A shape says nothing of the images.
        var nodes = model.Graph.Node.Where(n => n.OpType is not ("Shape" or "Size"));
        return GradientGraph.DependingOn(nodes, [model.Graph.Input[0].Name])
            .All(v => ofOne.GetValueOrDefault(v)?.Shape is [{ Value: { } one }, ..] && ofTwo.GetValueOrDefault(v)?.Shape is [{ Value: { } two }, ..] && two == 2 * one);
    }

    /// <summary>Divides the nodes into those that compute the same for every part, because they do not depend on <paramref name="varying"/>, and the others.</summary>
    public static (NodeProto[] Fixed, NodeProto[] Varying) Divide(GraphProto graph, IReadOnlyCollection<string> varying)
    {
        var depends = GradientGraph.DependingOn(graph.Node, varying);
        // A product takes an exchange of its operand's two dimensions as a flag: made before, it would be a second copy of the weights.
        var readBefore = graph.Node.Where(n => !n.Output.Any(depends.Contains)).SelectMany(n => n.Input).ToHashSet();
        bool IsVarying(NodeProto node) => node.Output.Any(depends.Contains) || (node.OpType == "Transpose" && !readBefore.Contains(node.Output[0]));
        return ([.. graph.Node.Where(n => !IsVarying(n))], [.. graph.Node.Where(IsVarying)]);
    }

    /// <summary>The targets, and the values that <paramref name="same"/> compute from them, which <paramref name="varying"/> read.</summary>
    public static string[] Ends(NodeProto[] same, NodeProto[] varying, IReadOnlyCollection<string> targets)
    {
        var trained = GradientGraph.DependingOn(same, targets);
        return [.. varying.SelectMany(n => n.Input).Where(trained.Contains).Distinct()];
    }

    /// <summary>
    /// Lets <paramref name="model"/>, whose first dimension is a part's, take all parts at once: its outputs become their sums over the parts. What does
    /// not depend on the part is computed once, before.
    /// </summary>
    /// <param name="model">The graph of one part; it is changed.</param>
    /// <param name="batched">Inputs that are cut into parts along their first dimension.</param>
    /// <param name="seed">An int64 input, from which each part gets its own.</param>
    /// <param name="parts">Number of parts.</param>
    public static void Apply(OnnxModel model, IReadOnlyCollection<string> batched, string seed, int parts)
    {
        var graph = model.Graph;
        var infos = ShapeInference.InferAll(model);
        var (before, inside) = Divide(graph, [.. batched, seed]);
        GraphEdits.Replace(graph.Node, before);
        // A sum is transposed once, not each of its terms.
        var outputs = graph.Output.Select(o => o.Name).ToHashSet();
        NodeProto[] after = [.. inside.Where(n => n.OpType == "Transpose" && outputs.Contains(n.Output[0]) && !inside.Any(r => r.Input.Contains(n.Output[0])))];
        inside = [.. inside.Except(after)];

        // The first part begins the sums: zeros would be a pass over all gradients, and adding to them another.
        var own = inside.SelectMany(n => n.Output).Where(o => o.Length > 0).Concat(batched).Append(seed).ToHashSet();
        var suffix = FreshSuffix(graph, ".part0");
        string First(string name) => own.Contains(name) ? name + suffix : name;
        foreach (var name in batched)
        {
            Stack(graph, name, parts);
            graph.Node.Add(TakePart(name, First(name), AddConstant(graph, TensorProtoExtensions.Int64($"{name}{suffix}.index", [], [0]))));
        }

        var modulus = AddConstant(graph, TensorProtoExtensions.Int64(Modulus, [], [RandomNumbers.Prime]));
        graph.Node.Add(GraphEdits.MakeNode("Mod", First(seed), seed, modulus));
        foreach (var node in inside)
        {
            var first = node.Clone();
            first.Name = node.Name.Length > 0 ? node.Name + suffix : "";
            GraphEdits.Replace(first.Input, [.. node.Input.Select(First)]);
            GraphEdits.Replace(first.Output, [.. node.Output.Select(First)]);
            graph.Node.Add(first);
        }

        var body = new GraphProto { Name = "part" };
        body.Input.Add(new TensorInfo(DataType.Int64, []).ToProto(Index));
        body.Input.Add(new TensorInfo(DataType.Bool, []).ToProto(Condition));
        var one = AddConstant(graph, TensorProtoExtensions.Int64(One, [], [1]));
        body.Node.Add(GraphEdits.MakeNode("Add", Place, Index, one));
        foreach (var name in batched)
        {
            body.Node.Add(TakePart(name, name + PartSuffix, Place));
        }

        AddSeed(graph, body, seed, modulus);
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
        loop.Input.AddRange([AddConstant(graph, TensorProtoExtensions.Int64(RestCount, [], [parts - 1])), ""]);
        foreach (var sum in outputs.Except(after.Select(n => n.Output[0])).Concat(after.Select(n => n.Input[0])).Distinct())
        {
            var (info, term, soFar) = (infos[sum], sum + PartSuffix, $"{sum}.before");
            foreach (var node in inside)
            {
                Rename(node.Input, sum, term);
                Rename(node.Output, sum, term);
            }

            loop.Input.Add(First(sum));
            body.Input.Add(info.ToProto(soFar));
            body.Node.Add(GraphEdits.MakeNode("Add", $"{sum}.after", soFar, term));
            body.Output.Add(info.ToProto($"{sum}.after"));
            loop.Output.Add(sum);
            graph.ValueInfo.Add(info.ToProto(sum));
        }

        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        graph.Node.Add(loop);
        graph.Node.AddRange(after);
    }

    /// <summary>An end that no name of the graph has, so that any name may get it.</summary>
    private static string FreshSuffix(GraphProto graph, string suffix)
    {
        while (graph.Node.SelectMany(n => n.Output).Concat(graph.Initializer.Select(t => t.Name)).Any(n => n.EndsWith(suffix, StringComparison.Ordinal)))
        {
            suffix += "'";
        }

        return suffix;
    }

    /// <summary>Makes an input that was a part's the whole batch's, and stacks its parts.</summary>
    private static void Stack(GraphProto graph, string name, int parts)
    {
        var input = graph.Input.First(i => i.Name == name);
        var info = TensorInfo.From(input)!;
        long[] shape = info.StaticShape!;
        input.Type = (info with { Shape = [shape[0] * parts, .. info.Shape!.Skip(1)] }).ToProto(name).Type;
        var stackedShape = AddConstant(graph, TensorProtoExtensions.Int64($"{name}{StackSuffix}.shape", [shape.Length + 1], [parts, .. shape]));
        graph.Node.Add(GraphEdits.MakeNode("Reshape", name + StackSuffix, name, stackedShape));
    }

    private static NodeProto TakePart(string name, string part, string index)
    {
        var gather = GraphEdits.MakeNode("Gather", part, name + StackSuffix, index);
        gather.Set("axis", 0);
        return gather;
    }

    /// <summary>Every part draws other numbers: the seed moves on by a prime.</summary>
    private static void AddSeed(GraphProto graph, GraphProto body, string seed, string modulus)
    {
        var step = AddConstant(graph, TensorProtoExtensions.Int64(SeedStep, [], [1_000_003]));
        body.Node.Add(GraphEdits.MakeNode("Mul", Offset, Place, step));
        body.Node.Add(GraphEdits.MakeNode("Add", SeedSum, seed, Offset));
        body.Node.Add(GraphEdits.MakeNode("Mod", seed + PartSuffix, SeedSum, modulus));
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
