namespace OneFractal.Export;

/// <summary>Makes one vector an image of features that are a map or tokens.</summary>
internal static class FeaturePooling
{
    /// <summary>How many features an image has, or null where that is not known.</summary>
    public static long? Width(OnnxModel model)
    {
        return ShapeInference.InferAll(model).GetValueOrDefault(model.FeaturesValue!)?.Shape switch
        {
            [_, var width] => width.Value,
            [_, _, var width] => width.Value,
            [_, var width, _, _] => width.Value,
            _ => null,
        };
    }

    /// <summary>
    /// Where the model's only output is features [batch, width, height, width] or [batch, tokens, width], averages and flattens them to [batch, width].
    /// </summary>
    public static void Apply(OnnxModel model)
    {
        var graph = model.Graph;
        var features = GraphEdits.FirstOutput(model);
        var name = graph.Output[0].Name;
        if (features.Shape is [_, _, var height, var width])
        {
            var pooled = name;
            if (height.Value != 1 || width.Value != 1)
            {
                pooled = GraphEdits.FreshName(graph, "features.pooled");
                graph.Node.Add(GraphEdits.MakeNode("GlobalAveragePool", pooled, name));
            }

            name = GraphEdits.FreshName(graph, "features");
            var flatten = GraphEdits.MakeNode("Flatten", name, pooled);
            flatten.Set("axis", 1);
            graph.Node.Add(flatten);
            Finish(model, name, features, features.Shape[1]);
        }
        else if (features.Shape is [_, _, var tokenWidth])
        {
            const int AxesAsInput = 18;
            var mean = GraphEdits.MakeNode("ReduceMean", GraphEdits.FreshName(graph, "features"), name);
            if (model.Opset >= AxesAsInput)
            {
                mean.Input.Add(GraphEdits.FreshName(graph, "features.axes"));
                graph.Initializer.Add(TensorProtoExtensions.Int64(mean.Input[1], [1], [1]));
            }
            else
            {
                mean.Set("axes", new long[] { 1 });
            }

            mean.Set("keepdims", 0);
            graph.Node.Add(mean);
            Finish(model, mean.Output[0], features, tokenWidth);
        }
    }

    private static void Finish(OnnxModel model, string name, TensorInfo features, Dim width)
    {
        GraphEdits.Replace(model.Graph.Output, [(features with { Shape = [features.Shape![0], width] }).ToProto(name)]);
        model.FeaturesValue = name;
    }
}
