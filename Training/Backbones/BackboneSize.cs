namespace OneFractal.Training;

/// <summary>
/// A model for images of another size. One of the <see cref="Backbone"/>s is built anew for it, since its graph has sizes in it, and gets the old weights, the
/// position embedding resampled; of any other, the graph is rewritten.
/// </summary>
public static class BackboneSize
{
    private const string Position = "pos_embed";

    /// <summary>A copy of <paramref name="model"/> that takes square images of <paramref name="size"/> pixels.</summary>
    /// <exception cref="UsageException">The architecture does not take that size.</exception>
    /// <exception cref="ModelException">The graph is made for its own size.</exception>
    public static OnnxModel Apply(OnnxModel model, int size)
    {
        if (Backbone.Rebuild(model, size) is not { } result)
        {
            return ImageSize.Apply(model, size);
        }

        var metadata = model.Metadata!;
        var names = result.TrainableNames!.Concat(result.RunningStatistics).ToHashSet();
        var stored = model.Graph.Initializer.ToDictionary(t => t.Name);
        foreach (var tensor in result.Graph.Initializer.Where(t => names.Contains(t.Name)))
        {
            var old = stored[tensor.Name];
            if (old.Dims.SequenceEqual(tensor.Dims))
            {
                tensor.SetFloats(old.ToFloats());
            }
            else if (tensor.Name == Position && tensor.Dims.Count == 3)
            {
                var (from, to) = ((int)Math.Sqrt(old.Dims[1]), (int)Math.Sqrt(tensor.Dims[1]));
                tensor.SetFloats(PositionEmbedding.Resample(old.ToFloats(), (int)old.Dims[1] - from * from, from, to));
            }
            else
            {
                throw new ModelException($"'{model.Source}': '{tensor.Name}' has the shape [{string.Join(", ", old.Dims)}], where images of {size} pixels need [{string.Join(", ", tensor.Dims)}].");
            }
        }

        result.Metadata = metadata with { Preprocessing = metadata.Preprocessing with { Height = size, Width = size } };
        return new OnnxModel(result.Proto, model.Source);
    }

    /// <summary>
    /// A copy of <paramref name="model"/> that takes images of any height and width. What a backbone's graph has of its image size is found by building it for another:
    /// shapes are left to be inferred, and the position embedding is resampled in the graph, from opset 18 on with antialias.
    /// </summary>
    /// <exception cref="ModelException">The graph is made for its own size, by name and node.</exception>
    public static OnnxModel Any(OnnxModel model)
    {
        var result = ImageSize.Any(model);
        if (Backbone.Rebuild(model) is not { } one)
        {
            return result;
        }

        var two = Larger(model);
        var graph = result.Graph;
        if (graph.Node.Count != one.Graph.Node.Count || graph.Node.Zip(one.Graph.Node).Any(p => p.First.OpType != p.Second.OpType))
        {
            return result;
        }

        var (infosOne, infosTwo) = (ShapeInference.InferAll(one), ShapeInference.InferAll(two));
        var (storedOne, storedTwo) = (one.Graph.Initializer.ToDictionary(t => t.Name), two.Graph.Initializer.ToDictionary(t => t.Name));
        foreach (var (node, (a, b)) in graph.Node.ToArray().Zip(one.Graph.Node.Zip(two.Graph.Node)))
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                if (!storedOne.TryGetValue(a.Input[i], out var before) || !storedTwo.TryGetValue(b.Input[i], out var after)
                    || (before.Dims.SequenceEqual(after.Dims) && (before.ElementType() != DataType.Int64 || before.ToInt64s().SequenceEqual(after.ToInt64s()))))
                {
                    continue;
                }

                if (node.OpType == "Reshape" && i == 1 && OpenShape(before.ToInt64s(), after.ToInt64s(), infosOne[a.Input[0]], infosTwo[b.Input[0]]) is { } shape)
                {
                    node.Input[i] = GraphEdits.FreshName(graph, $"{node.Output[0]}.shape");
                    graph.Initializer.Add(TensorProtoExtensions.Int64(node.Input[i], [shape.Length], shape));
                }
                else if (node.Input[i] == Position)
                {
                    node.Input[i] = ResampleInGraph(result, node);
                }
                else
                {
                    throw new ModelException($"'{model.Source}' is made for one image size ({node.Describe()} reads '{node.Input[i]}', which depends on it): name one with --size.");
                }
            }
        }

        GraphEdits.RemoveDeadCode(result);
        ModelChecker.Check(result);
        return result;
    }

    private static OnnxModel Larger(OnnxModel model)
    {
        try
        {
            return Backbone.Rebuild(model, 2 * model.Metadata!.Preprocessing.Height)!;
        }
        catch (UsageException e)
        {
            throw new ModelException($"'{model.Source}' is made for one image size ({e.Message.TrimEnd('.')}).", e);
        }
    }

    /// <summary>A target of Reshape without what depends on the image size: copied where it stays, inferred where that is one dimension; null where it is several.</summary>
    private static long[]? OpenShape(long[] one, long[] two, TensorInfo inputOne, TensorInfo inputTwo)
    {
        long[] result = [.. one];
        for (var i = 0; i < result.Length; i++)
        {
            if (one[i] != two[i])
            {
                result[i] = inputOne.Shape?.ElementAtOrDefault(i).Value == one[i] && inputTwo.Shape?.ElementAtOrDefault(i).Value == two[i] ? 0 : -1;
            }
        }

        return result.Count(d => d == -1) > 1 ? null : result;
    }

    /// <summary>The position embedding for as many patches as the image has, as a value of the graph that is computed before <paramref name="reader"/>.</summary>
    private static string ResampleInGraph(OnnxModel model, NodeProto reader)
    {
        const int AntialiasOpset = EmbeddedPreprocessing.AntialiasOpset;
        var graph = model.Graph;
        var position = model.FindInitializer(Position)!;
        var (tokens, width) = ((int)position.Dims[1], (int)position.Dims[2]);
        var side = (int)Math.Sqrt(tokens);
        var prefix = tokens - side * side;
        var values = position.ToFloats();
        var grid = new float[side * side * width];
        for (var token = 0; token < side * side; token++)
        {
            for (var c = 0; c < width; c++)
            {
                grid[c * side * side + token] = values[(prefix + token) * width + c];
            }
        }

        string Store(TensorProto tensor)
        {
            graph.Initializer.Add(tensor);
            return tensor.Name;
        }

        var nodes = new List<NodeProto>();
        string Add(string opType, string name, string[] inputs, params (string Name, object Value)[] attributes)
        {
            var node = GraphEdits.MakeNode(opType, $"{Position}.{name}", inputs);
            foreach (var (key, value) in attributes)
            {
                node.Set(key, value);
            }

            nodes.Add(node);
            return node.Output[0];
        }

        var patches = graph.Node.First(n => n.OpType == "Conv").Output[0];
        var places = Add("Shape", "places", [patches], ("start", 2), ("end", 4));
        var sizes = Add("Concat", "sizes", [Store(TensorProtoExtensions.Int64($"{Position}.channels", [2], [1, width])), places], ("axis", 0));
        // Cut off at the border and weighed anew, as PyTorch's antialias does, which for larger images is nothing else.
        (string, object)[] cubic = [("mode", "cubic"), ("coordinate_transformation_mode", "half_pixel"), ("cubic_coeff_a", -0.5f), ("exclude_outside", 1)];
        var resized = Add(
            "Resize", "resized", [Store(TensorProtoExtensions.Float($"{Position}.grid", [1, width, side, side], grid)), "", "", sizes],
            model.Opset >= AntialiasOpset ? [.. cubic, ("antialias", 1)] : cubic);
        var flat = Add("Reshape", "flat", [resized, Store(TensorProtoExtensions.Int64($"{Position}.rows", [3], [1, width, -1]))]);
        var result = Add("Transpose", "patches", [flat], ("perm", new long[] { 0, 2, 1 }));
        if (prefix > 0)
        {
            result = Add("Concat", "all", [Store(TensorProtoExtensions.Float($"{Position}.prefix", [1, prefix, width], values.AsSpan(0, prefix * width))), result], ("axis", 1));
        }

        var at = graph.Node.IndexOf(reader);
        foreach (var node in nodes)
        {
            graph.Node.Insert(at++, node);
        }

        return result;
    }
}
