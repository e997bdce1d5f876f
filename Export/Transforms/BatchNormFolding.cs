namespace OneFractal.Export;

/// <summary>Puts BatchNormalization, which at inference is a factor and an offset a channel, into the weights of the convolution before it.</summary>
public static class BatchNormFolding
{
    private const float DefaultEpsilon = 1e-5f;

    /// <summary>
    /// Rewrites <paramref name="model"/> itself. A normalisation stays where it does not follow a convolution that nobody else reads, or where its parameters are
    /// not stored as float32.
    /// </summary>
    public static void Apply(OnnxModel model)
    {
        var graph = model.Graph;
        var stored = graph.Initializer.ToDictionary(t => t.Name);
        var producers = graph.Node.SelectMany(n => n.Output.Where(o => o.Length > 0).Select(o => (o, n))).ToDictionary(p => p.o, p => p.n);
        var readers = graph.Node.SelectMany(n => n.AllReads()).Concat(graph.Output.Select(o => o.Name)).GroupBy(n => n).ToDictionary(g => g.Key, g => g.Count());
        var gone = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        foreach (var norm in graph.Node.Where(n => n.IsStandard() && n.OpType == "BatchNormalization" && n.Input.Count == 5 && n.GetInt("training_mode", 0) == 0))
        {
            if (producers.GetValueOrDefault(norm.Input[0]) is not { OpType: "Conv" } conv || !conv.IsStandard() || readers[norm.Input[0]] != 1
                || norm.Output.Skip(1).Any(readers.ContainsKey) || norm.GetInt("spatial", 1) == 0)
            {
                continue;
            }

            var parameters = norm.Input.Skip(1).Select(name => Floats(stored, name)).ToArray();
            var weight = Floats(stored, conv.Input[1]);
            var before = conv.InputOrNull(2) is { } name ? Floats(stored, name) : new float[parameters[0]?.Length ?? 0];
            if (weight is null || before is null || parameters.Any(p => p is null || p.Length != stored[conv.Input[1]].Dims[0]) || before.Length != parameters[0]!.Length)
            {
                continue;
            }

            var (scale, offset) = Affine(parameters!, norm.GetFloat("epsilon", DefaultEpsilon));
            var perChannel = weight.Length / scale.Length;
            for (var i = 0; i < weight.Length; i++)
            {
                weight[i] = (float)(weight[i] * scale[i / perChannel]);
            }

            var stem = norm.Output[0];
            var (folded, bias) = (GraphEdits.FreshName(graph, $"{stem}.weight"), GraphEdits.FreshName(graph, $"{stem}.bias"));
            graph.Initializer.Add(TensorProtoExtensions.Float(folded, [.. stored[conv.Input[1]].Dims], weight));
            graph.Initializer.Add(TensorProtoExtensions.Float(bias, [scale.Length], [.. before.Select((b, i) => (float)(b * scale[i] + offset[i]))]));
            while (conv.Input.Count < 3)
            {
                conv.Input.Add("");
            }

            (conv.Input[1], conv.Input[2], conv.Output[0]) = (folded, bias, stem);
            gone.Add(norm);
        }

        GraphEdits.Replace(graph.Node, graph.Node.Where(n => !gone.Contains(n)).ToArray());
        GraphEdits.RemoveDeadCode(model);
    }

    /// <summary>(x − mean) / √(variance + ε) · scale + bias as x · factor + offset.</summary>
    private static (double[] Scale, double[] Offset) Affine(float[][] parameters, double epsilon)
    {
        var (scale, bias, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3]);
        double[] factor = [.. scale.Select((s, i) => s / Math.Sqrt(variance[i] + epsilon))];
        return (factor, [.. bias.Select((b, i) => b - mean[i] * factor[i])]);
    }

    private static float[]? Floats(Dictionary<string, TensorProto> stored, string name)
    {
        return stored.TryGetValue(name, out var tensor) && tensor.ElementType() == DataType.Float ? tensor.ToFloats() : null;
    }
}
