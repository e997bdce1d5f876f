namespace OneFractal.Training;

/// <summary>
/// Rewrites a graph into the form that trains on stock ONNX Runtime: what runs differently in training becomes explicit standard operators, and matrix
/// products take the form in which their gradients need no transposes.
/// </summary>
internal static class TrainingForm
{
    /// <summary>Operators that have no gradient rule because none is left of them.</summary>
    public static IReadOnlyCollection<string> Rewritten { get; } = ["Dropout"];

    /// <summary>Rewrites <paramref name="model"/>, whose shapes are all known, itself.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="seed">Name of the int64 scalar that random masks are made from, which the graph has.</param>
    /// <returns>The value that each running statistic takes next, by its name; and the gradient rules of chains of nodes, by their last output.</returns>
    public static (IReadOnlyDictionary<string, Value> Statistics, IReadOnlyDictionary<string, GradientRule> Composites) Apply(OnnxModel model, string seed)
    {
        LinearsToRows(model);
        var composites = GelusToGates(model);
        // ONNX Runtime would still compute what was replaced.
        GraphEdits.RemoveDeadCode(model);
        DropoutToMasks(model, seed);
        return (BatchStatistics(model), composites);
    }

    /// <summary>
    /// <c>Add(MatMul(x, Transpose(W)), b)</c> as one product over all rows. The bias stays an Add of its own, behind a reshape: ONNX Runtime would make a Gemm
    /// of the two, which writes the bias into the result first, on one thread.
    /// </summary>
    private static void LinearsToRows(OnnxModel model)
    {
        var view = new GraphView(model);
        Rebuild(model, (builder, node) =>
        {
            if (Fusions.MatchLinear(view, node) is not { } linear || builder.Find(linear.Input) is not { Shape.Count: > 2 } x)
            {
                return null;
            }

            var (weight, bias) = (builder.Find(linear.Weight), builder.Find(linear.Bias));
            var rows = builder.MatMul(builder.Flat(x), builder.Transposed(weight));
            return builder.Add(builder.Reshape(rows, [.. x.Shape.SkipLast(1).Select(d => d.Value!.Value), weight.Length(0)]), bias);
        });
    }

    /// <summary>
    /// The exact Gelu as x · Φ(x), with what its derivative Φ(x) + x · φ(x) shares with it: by the rules of its operators, the derivative would take twice
    /// as many passes over memory.
    /// </summary>
    private static Dictionary<string, GradientRule> GelusToGates(OnnxModel model)
    {
        var view = new GraphView(model);
        var rules = new Dictionary<string, GradientRule>();
        Rebuild(model, (builder, node) =>
        {
            if (Fusions.MatchGelu(view, node) is not { } gelu)
            {
                return null;
            }

            var x = builder.Find(gelu.Input);
            var scaled = builder.Scale(x, 1 / Math.Sqrt(2));
            // Φ lies in [0, 1], so that the bounds of HardSigmoid change nothing: it is the affine map in one pass.
            var gate = builder.Node("HardSigmoid", [builder.Node("Erf", [scaled])], ("alpha", 0.5f), ("beta", 0.5f));
            var result = builder.Mul(x, gate);
            rules[result.Name] = c =>
            {
                // x · φ(x) = t · exp(−t²) / √π, of which the divisor goes into the exponent.
                var g = c.Graph;
                var exponential = g.Exp(g.Sub(g.Float((float)(-Math.Log(Math.PI) / 2)), g.Mul(scaled, scaled)));
                return [g.Mul(c.Gradient, g.Add(g.Mul(exponential, scaled), gate)), null];
            };
            return result;
        });
        return rules;
    }

    /// <summary>Dropout as a product with a mask that is a function of the seed.</summary>
    private static void DropoutToMasks(OnnxModel model, string seed)
    {
        var stream = 0;
        Rebuild(model, (builder, node) =>
        {
            if (node.OpType != "Dropout")
            {
                return null;
            }

            var x = builder.Find(node.Input[0]);
            var ratio = node.InputOrNull(1) is { } name
                ? model.FindInitializer(name)?.ToFloats()[0] ?? throw new ModelException($"'{model.Source}': {node.Describe()} has a ratio that is not constant: use --backend torchsharp.")
                : node.GetFloat("ratio", 0.5f);
            var uniform = RandomNumbers.Uniform(builder, builder.Find(seed), stream++, [.. x.Shape.Select(d => d.Value!.Value)]);
            var kept = builder.Node("Cast", [builder.Node("Less", [builder.Float(ratio), uniform])], ("to", (int)DataType.Float));
            return builder.Mul(x, builder.Scale(kept, 1.0 / (1 - ratio)));
        });
    }

    /// <summary>Lets BatchNormalization normalise by the batch's own mean and variance, which the graph computes.</summary>
    private static Dictionary<string, Value> BatchStatistics(OnnxModel model)
    {
        var next = new Dictionary<string, Value>();
        Rebuild(model, (builder, node) =>
        {
            if (node.OpType != "BatchNormalization")
            {
                return null;
            }

            var x = builder.Find(node.Input[0]);
            long[] axes = [0, .. Enumerable.Range(2, x.Shape.Count - 2).Select(i => (long)i)];
            var count = axes.Aggregate(1L, (p, axis) => p * x.Length((int)axis));
            var mean = builder.Mean(x, true, axes);
            var centred = builder.Sub(x, mean);
            var variance = builder.Mean(builder.Mul(centred, centred), false, axes);
            mean = builder.ReduceSum(mean, false, axes);
            var momentum = node.GetFloat("momentum", 0.9f);
            Value Moved(string running, Value now, double factor)
            {
                return builder.Add(builder.Scale(builder.Find(running), momentum), builder.Scale(now, (1 - momentum) * factor));
            }

            // PyTorch keeps the unbiased variance.
            next[node.Input[3]] = Moved(node.Input[3], mean, 1);
            next[node.Input[4]] = Moved(node.Input[4], variance, count / Math.Max(1.0, count - 1));
            return builder.Node(
                "BatchNormalization", [x, builder.Find(node.Input[1]), builder.Find(node.Input[2]), mean, variance], ("epsilon", node.GetFloat("epsilon", 1e-5f)));
        });
        return next;
    }

    /// <summary>Replaces nodes, of which only the first output is read, by what <paramref name="rewrite"/> adds, where it adds something.</summary>
    private static void Rebuild(OnnxModel model, Func<GraphBuilder, NodeProto, Value?> rewrite)
    {
        var graph = model.Graph;
        var nodes = graph.Node.ToArray();
        var builder = GraphBuilder.Extend(model);
        var outputs = graph.Output.Select(o => o.Name).ToHashSet();
        var read = nodes.SelectMany(n => n.Input).Concat(outputs).ToHashSet();
        var replaced = new Dictionary<string, string>();
        graph.Node.Clear();
        foreach (var node in nodes)
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = replaced.GetValueOrDefault(node.Input[i], node.Input[i]);
            }

            using var scope = builder.Scope($"train/{node.Output[0]}");
            if (rewrite(builder, node) is not { } value)
            {
                graph.Node.Add(node);
            }
            else if (node.Output.Skip(1).FirstOrDefault(o => o.Length > 0 && read.Contains(o)) is { } other)
            {
                throw new ModelException($"'{model.Source}': {node.Describe()} hands out '{other}', which cannot be trained on ONNX Runtime. Use --backend torchsharp.");
            }
            else if (outputs.Contains(node.Output[0]))
            {
                // What the graph hands out keeps its name.
                var identity = new NodeProto { OpType = "Identity", Name = node.Output[0] };
                identity.Input.Add(value.Name);
                identity.Output.Add(node.Output[0]);
                graph.Node.Add(identity);
            }
            else
            {
                replaced[node.Output[0]] = value.Name;
            }
        }
    }
}
