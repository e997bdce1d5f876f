namespace OneFractal.Export;

/// <summary>
/// Lets a model that was exported with one batch size take any. Shapes with that size in them are rewritten, and constants that are joined to each
/// image's tokens are expanded to the batch.
/// </summary>
internal sealed class DynamicBatch
{
    private const string Batch = "batch";

    private readonly OnnxModel _model;
    private readonly long _size;
    private readonly Dictionary<NodeProto, NodeProto[]> _before = new(ReferenceEqualityComparer.Instance);
    private string? _lostAt;

    private DynamicBatch(OnnxModel model, long size)
    {
        _model = model;
        _size = size;
    }

    /// <summary>Changes the model; returns the batch size that it was fixed to, or null when it took any.</summary>
    /// <param name="model">A model with one input that is not an initializer.</param>
    /// <param name="input">That input.</param>
    /// <exception cref="ModelException">The graph computes with its batch size in a way that cannot be rewritten.</exception>
    public static long? Apply(OnnxModel model, ValueInfoProto input)
    {
        var info = TensorInfo.From(input)!;
        if (info.Shape![0] is { Value: null, Name: not null })
        {
            return null;
        }

        input.Type = (info with { Shape = [Batch, .. info.Shape.Skip(1)] }).ToProto(input.Name).Type;
        if (info.Shape[0].Value is not { } size)
        {
            return null;
        }

        // What is declared has the old batch in it.
        model.Graph.ValueInfo.Clear();
        foreach (var output in model.Graph.Output)
        {
            if (TensorInfo.From(output) is { Shape: [{ Value: { } first }, ..] shape } declared && first == size)
            {
                output.Type = (declared with { Shape = [Batch, .. shape.Skip(1)] }).ToProto(output.Name).Type;
            }
        }

        new DynamicBatch(model, size).Rewrite();
        return size;
    }

    private void Rewrite()
    {
        Dictionary<string, TensorInfo> infos;
        try
        {
            infos = ShapeInference.InferAll(_model, Visit);
        }
        catch (ModelException e)
        {
            throw Refusal(e.Message.TrimEnd('.'));
        }

        if (_lostAt is not null)
        {
            throw Refusal(_lostAt);
        }

        GraphEdits.Replace(_model.Graph.Node, _model.Graph.Node.SelectMany(n => _before.GetValueOrDefault(n, []).Append(n)).ToArray());
        foreach (var output in _model.Graph.Output)
        {
            if (infos.TryGetValue(output.Name, out var info))
            {
                output.Type = info.ToProto(output.Name).Type;
            }
        }
    }

    private void Visit(NodeProto node, Dictionary<string, TensorInfo> infos)
    {
        switch (node.IsStandard() ? node.OpType : "")
        {
            case "Reshape":
                VisitReshape(node, infos);
                break;
            case "Concat":
                VisitConcat(node, infos);
                break;
        }
    }

    private void VisitReshape(NodeProto node, Dictionary<string, TensorInfo> infos)
    {
        if (infos.GetValueOrDefault(node.Input[0])?.Shape is not { } from || node.InputOrNull(1) is not { } shapeName
            || infos.GetValueOrDefault(shapeName)?.KnownElements is not { Length: > 0 } shape)
        {
            return;
        }

        // The batch, or the batch times something; what is before it stays.
        var axis = from.ToList().FindIndex(d => d.Value is null);
        if (axis < 0 || (axis < shape.Length && shape[axis] <= 0 && Enumerable.Range(0, axis).All(Same)))
        {
            return;
        }

        bool Same(int i) => shape[i] == 0 || shape[i] == from[i].Value;
        if (axis >= shape.Length || !Enumerable.Range(0, axis).All(Same) || shape[axis] % _size != 0)
        {
            _lostAt ??= $"{node.Describe()} makes [{string.Join(", ", shape)}] of [{string.Join(", ", from)}]";
        }
        else if (!shape.Contains(-1))
        {
            shape[axis] = -1;
        }
        else if (shape[axis] == _size && from[axis].Name == Batch)
        {
            shape[axis] = 0;
        }
        else
        {
            _lostAt ??= $"{node.Describe()} makes [{string.Join(", ", shape)}] of [{string.Join(", ", from)}]";
        }

        var name = AddInt64s($"{node.Output[0]}.shape", shape);
        infos[name] = TensorInfo.From(_model.FindInitializer(name)!);
        node.Input[1] = name;
    }

    /// <summary>A class token that was expanded to the old batch.</summary>
    private void VisitConcat(NodeProto node, Dictionary<string, TensorInfo> infos)
    {
        var shapes = node.Input.Select(i => infos.GetValueOrDefault(i)?.Shape?.ToArray()).ToArray();
        var images = Array.FindIndex(shapes, s => s is [{ Value: null }, ..]);
        if (images < 0 || node.GetInt("axis", 0) is 0 || _model.Opset < 8)
        {
            return;
        }

        for (var i = 0; i < shapes.Length; i++)
        {
            if (shapes[i] is not [{ Value: { } first }, .. var rest] || first != _size || rest.Any(d => d.Value is null) || _size != 1)
            {
                continue;
            }

            var name = GraphEdits.FreshName(_model.Graph, $"{node.Input[i]}.batch");
            var zero = AddInt64s($"{name}.index", 0);
            var tail = AddInt64s($"{name}.tail", [.. rest.Select(d => d.Value!.Value)]);
            NodeProto[] nodes =
            [
                GraphEdits.MakeNode("Shape", $"{name}.image", node.Input[images]),
                GraphEdits.MakeNode("Gather", $"{name}.size", $"{name}.image", zero),
                GraphEdits.MakeNode("Concat", $"{name}.shape", $"{name}.size", tail),
                GraphEdits.MakeNode("Expand", name, node.Input[i], $"{name}.shape"),
            ];
            nodes[2].Set("axis", 0);
            infos[name] = infos[node.Input[i]] with { Shape = [shapes[images]![0], .. rest] };
            node.Input[i] = name;
            _before[node] = [.. _before.GetValueOrDefault(node, []), .. nodes];
        }
    }

    private string AddInt64s(string name, params long[] values)
    {
        name = GraphEdits.FreshName(_model.Graph, name);
        _model.Graph.Initializer.Add(TensorProtoExtensions.Int64(name, [values.Length], values));
        return name;
    }

    private ModelException Refusal(string cause)
    {
        return new ModelException($"'{_model.Source}' was exported for a batch of {_size} and cannot take others ({cause}): export it with a dynamic batch dimension.");
    }
}
