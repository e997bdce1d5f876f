namespace OneFractal.Export;

/// <summary>Puts a linear classifier on a backbone's pooled features, and takes it off again.</summary>
public static class ClassificationHead
{
    /// <summary>Name of the graph output of a backbone with a head.</summary>
    public const string Logits = "logits";

    // A million features is a file that lies, and a head of gigabytes.
    private const long LargestWidth = 1 << 20;

    /// <summary>
    /// A copy of <paramref name="backbone"/> that ends in <c>logits</c> [batch, classes] = features · weightᵀ + bias, with
    /// <c>head.weight</c> [classes, features] filled by <paramref name="fill"/> and <c>head.bias</c> by <paramref name="fillBias"/> or zero, <c>head</c> being the
    /// model's <see cref="OnnxModel.HeadModule"/>. An existing head is replaced.
    /// </summary>
    /// <exception cref="ModelException">The model does not say where its features are, and its head cannot be told.</exception>
    public static OnnxModel Attach(OnnxModel backbone, IReadOnlyList<string> labels, FillParameter fill, FillParameter? fillBias = null)
    {
        var model = Detach(backbone);
        var graph = model.Graph;
        var features = GraphEdits.FirstOutput(model);
        if (features.Shape is not [_, { Value: >= 1 and <= LargestWidth and var width }])
        {
            throw new ModelException($"'{model.Source}': its features {features} are not a [batch, features] matrix of known width.");
        }

        string module = model.HeadModule, weight = module + ".weight", bias = module + ".bias";
        long[] shape = [labels.Count, width];
        var values = new float[labels.Count * width];
        fill(weight, shape, values);
        graph.Initializer.Add(TensorProtoExtensions.Float(weight, shape, values));
        values = new float[labels.Count];
        fillBias?.Invoke(bias, [labels.Count], values);
        graph.Initializer.Add(TensorProtoExtensions.Float(bias, [labels.Count], values));

        var gemm = new NodeProto { OpType = "Gemm", Name = module + "/Gemm" };
        gemm.Input.AddRange([graph.Output[0].Name, weight, bias]);
        gemm.Output.Add(Logits);
        gemm.Set("alpha", 1f);
        gemm.Set("beta", 1f);
        gemm.Set("transB", 1);
        graph.Node.Add(gemm);
        GraphEdits.Replace(graph.Output, [new TensorInfo(features.Type, [features.Shape[0], labels.Count]).ToProto(Logits)]);
        model.TrainableNames = [.. model.TrainableNames ?? [], weight, bias];
        if (model.Metadata is { } metadata)
        {
            model.Metadata = metadata with { Labels = [.. labels] };
        }

        ModelChecker.Check(model);
        return model;
    }

    /// <summary>
    /// A copy of <paramref name="model"/> that ends at its features [batch, width]; what only the head needed is gone. Features that are a map or tokens are
    /// averaged.
    /// </summary>
    /// <exception cref="ModelException">The model does not say where its features are, and its head cannot be told.</exception>
    public static OnnxModel Detach(OnnxModel model)
    {
        var result = model.Clone();
        var name = result.FeaturesValue ??= HeadFinder.Find(result).Features;
        if (result.Graph.Output is not [{ } output] || output.Name != name)
        {
            var info = ShapeInference.InferAll(result).GetValueOrDefault(name)
                ?? throw new ModelException($"'{model.Source}': nothing is known of the shape of its features '{name}'.");
            GraphEdits.Replace(result.Graph.Output, [info.ToProto(name)]);
            GraphEdits.RemoveDeadCode(result);
        }

        FeaturePooling.Apply(result);
        if (result.Metadata is { } metadata)
        {
            result.Metadata = metadata with { Labels = [] };
        }

        return result;
    }
}
