namespace OneFractal.Export;

/// <summary>Lets a graph take images of another size: position embeddings are resampled, and what else depends on the size is inferred anew.</summary>
public static class ImageSize
{
    /// <summary>A copy that takes square images of <paramref name="size"/> pixels.</summary>
    /// <param name="model">A model with one input of images.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <exception cref="ModelException">It is made for its own size: the node that is, or how many patches do not fit.</exception>
    public static OnnxModel Apply(OnnxModel model, int size)
    {
        var result = model.Clone();
        var graph = result.Graph;
        PoolsToGlobal(result);
        var before = SetInput(result, size, size);
        try
        {
            // Sizes that the file declares are those of the old images.
            graph.ValueInfo.Clear();
            foreach (var output in graph.Output.Where(o => o.Type?.TensorType is not null))
            {
                output.Type.TensorType.Shape = null;
            }

            var infos = ShapeInference.InferAll(result, (node, known) => Resample(graph, node, known));
            foreach (var output in graph.Output)
            {
                output.Type = (infos.GetValueOrDefault(output.Name) ?? throw new ModelException($"nothing is known of its output '{output.Name}'")).ToProto(output.Name).Type;
            }
        }
        catch (ModelException e)
        {
            throw new ModelException($"'{model.Source}' takes images of {before.Height} pixels and cannot be made for {size} ({e.Message.TrimEnd('.')}).", e);
        }

        if (result.Metadata is { } metadata)
        {
            result.Metadata = metadata with { Preprocessing = metadata.Preprocessing with { Height = size, Width = size } };
        }

        ModelChecker.Check(result);
        return result;
    }

    /// <summary>A copy whose images have any height and width, as far as the graph lets them; whether it computes right for all is to be tried.</summary>
    /// <exception cref="ModelException">It has no input of images.</exception>
    public static OnnxModel Any(OnnxModel model)
    {
        var result = model.Clone();
        PoolsToGlobal(result);
        SetInput(result, "height", "width");
        result.Graph.ValueInfo.Clear();
        var outputs = result.Graph.Output.ToArray();
        foreach (var output in outputs.Where(o => o.Type?.TensorType is not null))
        {
            output.Type.TensorType.Shape = null;
        }

        // A map that is left of a larger image is larger: what is declared must not say otherwise.
        var infos = ShapeInference.InferAll(result);
        foreach (var output in outputs.Where(o => infos.ContainsKey(o.Name)))
        {
            output.Type = infos[output.Name].ToProto(output.Name).Type;
        }

        ModelChecker.Check(result);
        return result;
    }

    /// <summary>Gives the images another height and width, and returns those of before.</summary>
    private static (Dim Height, Dim Width) SetInput(OnnxModel model, Dim height, Dim width)
    {
        var (input, channelsLast) = ImageInput.Find(model);
        var info = TensorInfo.From(input)!;
        var (batch, a, b, c) = (info.Shape![0], info.Shape[1], info.Shape[2], info.Shape[3]);
        input.Type = (info with { Shape = channelsLast ? [batch, height, width, c] : [batch, a, height, width] }).ToProto(input.Name).Type;
        return channelsLast ? (a, b) : (b, c);
    }

    /// <summary>An average over a window that is the whole map, as exporters write that over all positions, stays one for another map.</summary>
    private static void PoolsToGlobal(OnnxModel model)
    {
        var infos = ShapeInference.InferAll(model);
        foreach (var node in model.Graph.Node.Where(n => n.IsStandard() && n.OpType == "AveragePool"))
        {
            if (infos.GetValueOrDefault(node.Input[0])?.Shape is { Count: > 2 } shape && node.GetInts("kernel_shape") is { } kernel
                && kernel.Select(k => (long?)k).SequenceEqual(shape.Skip(2).Select(d => d.Value)) && (node.GetInts("pads") ?? []).All(p => p == 0)
                && (node.GetInts("dilations") ?? []).All(d => d == 1))
            {
                node.OpType = "GlobalAveragePool";
                node.Attribute.Clear();
            }
        }
    }

    /// <summary>A stored [1, tokens, width] that is added to [batch, other tokens, width] becomes one of as many tokens.</summary>
    private static void Resample(GraphProto graph, NodeProto node, Dictionary<string, TensorInfo> known)
    {
        if (!node.IsStandard() || node.OpType != "Add")
        {
            return;
        }

        foreach (var (name, other) in new[] { (node.Input[0], node.Input[1]), (node.Input[1], node.Input[0]) })
        {
            if (graph.Initializer.FirstOrDefault(t => t.Name == name) is not { } tensor || tensor.ElementType() != DataType.Float || tensor.Dims is not [1, var tokens, var width]
                || known.GetValueOrDefault(other)?.Shape is not [_, { Value: { } wanted }, { } last] || wanted == tokens || last.Value != width || tokens < 4)
            {
                continue;
            }

            var from = (int)Math.Sqrt(tokens);
            var prefix = (int)(tokens - (long)from * from);
            var to = (int)Math.Sqrt(wanted - prefix);
            if ((long)to * to != wanted - prefix)
            {
                throw new ModelException($"'{name}' places {tokens} tokens, which are no square and {prefix} before it, as {wanted} would be");
            }

            var values = PositionEmbedding.Resample(tensor.ToFloats(), prefix, from, to);
            tensor.Dims[1] = wanted;
            tensor.SetFloats(values);
            known[name] = TensorInfo.From(tensor);
        }
    }
}
