namespace OneFractal.Export;

/// <summary>Fixes the batch size, for runtimes that need static shapes (OpenCV DNN, TensorRT without profiles).</summary>
public static class FixedBatch
{
    /// <summary>A copy whose first dimension is <paramref name="batch"/>, with everything folded that then is constant.</summary>
    /// <exception cref="ModelException">Its nodes are made for another batch size.</exception>
    public static OnnxModel Apply(OnnxModel model, int batch) => ConstantFolding.Apply(Fix(model, batch));

    /// <summary>A copy whose first dimension is <paramref name="batch"/>, with the nodes and weights as they are.</summary>
    /// <exception cref="ModelException">Its nodes are made for another batch size.</exception>
    public static OnnxModel Fix(OnnxModel model, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        var result = model.Clone();
        var graph = result.Graph;
        var initializers = graph.Initializer.Select(t => t.Name).ToHashSet();
        var before = new HashSet<Dim>();
        foreach (var input in graph.Input.Where(i => !initializers.Contains(i.Name)))
        {
            if (TensorInfo.From(input) is { Shape: { Count: > 0 } shape } info)
            {
                before.Add(shape[0]);
                input.Type = (info with { Shape = [batch, .. shape.Skip(1)] }).ToProto(input.Name).Type;
            }
        }

        // Declared shapes still have the old batch: what is known now is inferred anew. An output that cannot be inferred keeps the
        // rest of what it declares.
        graph.ValueInfo.Clear();
        foreach (var output in graph.Output)
        {
            if (TensorInfo.From(output) is { Shape: { Count: > 0 } shape } declared)
            {
                var first = before.Contains(shape[0]) ? batch : shape[0];
                output.Type = (declared with { Shape = [first, .. shape.Skip(1)] }).ToProto(output.Name).Type;
            }
        }

        var infos = Infer(result, batch);
        foreach (var output in graph.Output)
        {
            if (infos.TryGetValue(output.Name, out var info))
            {
                output.Type = info.ToProto(output.Name).Type;
            }
        }

        return result;
    }

    private static Dictionary<string, TensorInfo> Infer(OnnxModel model, int batch)
    {
        try
        {
            return ShapeInference.InferAll(model);
        }
        catch (ModelException e)
        {
            throw new ModelException(
                $"'{model.Source}' does not take a batch of {batch}, it seems made for another: fix the batch of a model that takes any ({e.Message.TrimEnd('.')}).", e);
        }
    }
}
