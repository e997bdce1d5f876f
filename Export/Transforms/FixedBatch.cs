namespace OneFractal.Export;

/// <summary>Fixes the batch size, for runtimes that need static shapes (OpenCV DNN, TensorRT without profiles).</summary>
public static class FixedBatch
{
    /// <summary>A copy whose first dimension is <paramref name="batch"/>, with everything folded that then is constant.</summary>
    public static OnnxModel Apply(OnnxModel model, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        var result = model.Clone();
        var graph = result.Graph;
        var initializers = graph.Initializer.Select(t => t.Name).ToHashSet();
        foreach (var input in graph.Input.Where(i => !initializers.Contains(i.Name)))
        {
            if (TensorInfo.From(input) is { Shape: { Count: > 0 } shape } info)
            {
                input.Type = (info with { Shape = [batch, .. shape.Skip(1)] }).ToProto(input.Name).Type;
            }
        }

        // Declared shapes still name the old batch: what is known now is inferred anew.
        graph.ValueInfo.Clear();
        var outputs = graph.Output.ToArray();
        foreach (var output in outputs)
        {
            if (TensorInfo.From(output) is { } declared)
            {
                output.Type = new TensorInfo(declared.Type, null).ToProto(output.Name).Type;
            }
        }

        var infos = ShapeInference.InferAll(result);
        foreach (var output in outputs)
        {
            if (infos.TryGetValue(output.Name, out var info))
            {
                output.Type = info.ToProto(output.Name).Type;
            }
        }

        return ConstantFolding.Apply(result);
    }
}
