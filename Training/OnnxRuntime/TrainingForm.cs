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
        var composites = new Dictionary<string, GradientRule>();
        var gelus = GelusBetweenLinears(model);
        LinearsToRows(model, composites, gelus);
        BatchesToOne(model);
        PoolsBeforeRelus(model);
        GelusToGates(model, composites, gelus);
        // ONNX Runtime would still compute what was replaced.
        GraphEdits.RemoveDeadCode(model);
        DropoutToMasks(model, seed);
        return (BatchStatistics(model, composites), composites);
    }

    /// <summary>
    /// Outputs of Gelus, by their inputs, that come from one linear layer and go to another. With t = x / √2, x · Φ(x) is √2 · t · Φ(√2 · t), and Erf is of t: both
    /// factors go into the layers' weights, which saves a pass over the widest of values, and keeping it twice.
    /// </summary>
    private static Dictionary<string, string> GelusBetweenLinears(OnnxModel model)
    {
        var view = new GraphView(model);
        // Only these become products of all rows.
        var linears = model.Graph.Node.Select(add => (Output: add.Output[0], Linear: Fusions.MatchLinear(view, add)))
            .Where(l => l.Linear is { } linear && view.Infos[linear.Input].Rank > 2)
            .ToDictionary(l => l.Output, l => l.Linear!.Value.Input);
        var read = linears.Values.ToHashSet();
        return model.Graph.Node.Select(last => (Output: last.Output[0], Gelu: Fusions.MatchGelu(view, last)))
            .Where(g => g.Gelu is { } gelu && linears.ContainsKey(gelu.Input) && view.Readers(gelu.Input) == 2 && read.Contains(g.Output) && view.Readers(g.Output) == 1)
            .ToDictionary(g => g.Gelu!.Value.Input, g => g.Output);
    }

    /// <summary>
    /// <c>Add(MatMul(x, Transpose(W)), b)</c> as one product over all rows. The bias stays an Add of its own, behind a reshape: ONNX Runtime would make a Gemm
    /// of the two, which writes the bias into the result first, on one thread. Scale and bias of a layer normalisation before it go into weight and bias, which are
    /// small: passes over all rows are saved, forward and backward.
    /// </summary>
    private static void LinearsToRows(OnnxModel model, Dictionary<string, GradientRule> composites, Dictionary<string, string> gelus)
    {
        var view = new GraphView(model);
        Rebuild(model, (builder, node) =>
        {
            if (Fusions.MatchLinear(view, node) is not { } linear || builder.Find(linear.Input) is not { Shape.Count: > 2 } x)
            {
                return null;
            }

            var (weight, bias) = (builder.Find(linear.Weight), builder.Find(linear.Bias));
            // What each column of the weights is multiplied by.
            Value? columns = gelus.ContainsValue(linear.Input) ? builder.Float(MathF.Sqrt(2)) : null;
            var norm = view.OnlyFor(linear.Input, "LayerNormalization") is { } only && only.GetInt("axis", -1) is var axis && (axis == -1 || axis == x.Shape.Count - 1)
                && only.Input.Skip(1).All(i => i.Length == 0 || (builder.Find(i).Shape is [{ Value: { } width }] && width == x.Length(-1))) ? only : null;
            if (norm is not null)
            {
                x = Standardized(builder, norm, composites);
                if (norm.InputOrNull(2) is { } shift)
                {
                    bias = builder.Add(bias, builder.Reshape(builder.MatMul(weight, builder.Reshape(builder.Find(shift), -1, 1)), -1));
                }

                columns = builder.Find(norm.Input[1]);
            }

            if (gelus.ContainsKey(node.Output[0]))
            {
                var factor = builder.Float(MathF.Sqrt(0.5f));
                (bias, columns) = (builder.Mul(bias, factor), columns is null ? factor : builder.Mul(columns, factor));
            }

            weight = columns is null ? weight : builder.Mul(weight, columns);
            weight = norm is null ? weight : Centred(builder, weight, composites);
            var rows = builder.MatMul(builder.Flat(x), builder.Transposed(weight));
            return [builder.Add(builder.Reshape(rows, [.. x.Shape.SkipLast(1).Select(d => d.Value!.Value), weight.Length(0)]), bias)];
        });
    }

    /// <summary>A layer normalisation without its scale and bias.</summary>
    private static Value Standardized(GraphBuilder builder, NodeProto norm, Dictionary<string, GradientRule> composites)
    {
        var x = builder.Find(norm.Input[0]);
        var width = x.Length(-1);
        var result = builder.LayerNormalization(x, builder.Filled(1, width), builder.Filled(0, width), norm.GetFloat("epsilon", 1e-5f));
        composites[result.Name] = GradientRules.Standardization;
        return result;
    }

    /// <summary>
    /// Weights [out, in] that standardized rows are multiplied with, less the mean of each of their own rows. What is standardized sums to 0, so that the product is the same, and
    /// the gradient of the weights as well; but that of the standardized rows gets mean 0, which <see cref="GradientRules.Standardization"/> then need not take off.
    /// </summary>
    private static Value Centred(GraphBuilder builder, Value weight, Dictionary<string, GradientRule> composites)
    {
        var result = builder.Sub(weight, builder.Mean(weight, true, 1));
        composites[result.Name] = c => [c.Gradient, null];
        return result;
    }

    /// <summary>
    /// Matrix products of many batch dimensions as products of one. A Transpose before the second operand, which moves the last dimension away from its place, is
    /// split into one that leaves it there, and so moves whole rows, and an exchange of the last two dimensions, which a product takes as a flag: the reshape
    /// between them keeps ONNX Runtime from making one Transpose of the two again, here and in the gradients. A scale of the first operand, as of attention's queries, comes
    /// behind its reshape: beside the product, ONNX Runtime takes it as a factor of that.
    /// </summary>
    private static void BatchesToOne(OnnxModel model)
    {
        var view = new GraphView(model);
        Rebuild(model, (builder, node) =>
        {
            if (node.OpType != "MatMul" || builder.Find(node.Input[0]) is not { Shape.Count: > 3 } a || builder.Find(node.Input[1]) is not { } b
                || !a.Shape.SkipLast(2).SequenceEqual(b.Shape.SkipLast(2)))
            {
                return null;
            }

            Value Flat(Value x) => builder.Reshape(x, -1, x.Length(-2), x.Length(-1));
            var second = view.OnlyFor(node.Input[1], "Transpose") is { } transpose && transpose.GetInts("perm") is { } perm && perm[^2] == perm.Length - 1
                ? builder.Transposed(Flat(builder.Transpose(builder.Find(transpose.Input[0]), [.. perm[..^2], perm[^1], perm[^2]])))
                : Flat(b);
            var first = view.OnlyFor(node.Input[0], "Mul") is { } scaled && builder.Find(scaled.Input[1]) is { Shape.Count: 0 } scale
                ? builder.Mul(Flat(builder.Find(scaled.Input[0])), scale)
                : Flat(a);
            return [builder.Reshape(builder.MatMul(first, second), [.. a.Shape.SkipLast(1).Select(d => d.Value!.Value), b.Length(-1)])];
        });
    }

    /// <summary>
    /// The maximum of what Relu returns as Relu of the maximum: the same, gradients included, but Relu has less to do, and what it had read need not be kept.
    /// </summary>
    private static void PoolsBeforeRelus(OnnxModel model)
    {
        var view = new GraphView(model);
        Rebuild(model, (builder, node) => node.OpType == "MaxPool" && node.Output.Count == 1 && view.OnlyFor(node.Input[0], "Relu") is { } relu
            ? [builder.Relu(builder.Node("MaxPool", [builder.Find(relu.Input[0])], [.. node.Attribute.Select(a => (a.Name, (object)a))]))]
            : null);
    }

    /// <summary>
    /// The exact Gelu as x · Φ(x), with what its derivative Φ(x) + x · φ(x) shares with it: by the rules of its operators, the derivative would take twice
    /// as many passes over memory.
    /// </summary>
    private static void GelusToGates(OnnxModel model, Dictionary<string, GradientRule> composites, Dictionary<string, string> gelus)
    {
        var view = new GraphView(model);
        Rebuild(model, (builder, node) =>
        {
            if (Fusions.MatchGelu(view, node) is not { } gelu)
            {
                return null;
            }

            var x = builder.Find(gelu.Input);
            var scaled = gelus.ContainsValue(node.Output[0]) ? x : builder.Scale(x, 1 / Math.Sqrt(2));
            // Φ lies in [0, 1], so that the bounds of HardSigmoid change nothing: it is the affine map in one pass.
            var gate = builder.Node("HardSigmoid", [builder.Node("Erf", [scaled])], ("alpha", 0.5f), ("beta", 0.5f));
            var result = builder.Mul(x, gate);
            composites[result.Name] = c =>
            {
                // x · φ(x) = t · exp(−t²) / √π, of which the divisor goes into the exponent.
                var g = c.Graph;
                var exponential = g.Exp(g.Sub(g.Float((float)(-Math.Log(Math.PI) / 2)), g.Mul(scaled, scaled)));
                return [g.Mul(c.Gradient, g.Add(g.Mul(exponential, scaled), gate)), null];
            };
            return [result];
        });
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
            return [builder.Mul(x, builder.Scale(kept, 1.0 / (1 - ratio)))];
        });
    }

    /// <summary>
    /// Lets BatchNormalization normalise by the batch's own mean and variance, which the graph computes. It gets its input less the mean, which the variance needs as well
    /// and the gradient too, so that the input itself is not kept.
    /// </summary>
    private static Dictionary<string, Value> BatchStatistics(OnnxModel model, Dictionary<string, GradientRule> composites)
    {
        var next = new Dictionary<string, Value>();
        Rebuild(model, (builder, node) =>
        {
            if (node.OpType != "BatchNormalization")
            {
                return null;
            }

            var x = builder.Find(node.Input[0]);
            var axes = GradientRules.AllButChannels(x);
            var count = x.Count(axes);
            var mean = builder.Mean(x, true, axes);
            var centred = builder.Sub(x, mean);
            var variance = builder.Mean(builder.Mul(centred, centred), true, axes);
            var varianceVector = builder.Reshape(variance, -1);
            var momentum = node.GetFloat("momentum", 0.9f);
            Value Moved(string running, Value now, double factor)
            {
                return builder.Add(builder.Scale(builder.Find(running), momentum), builder.Scale(now, (1 - momentum) * factor));
            }

            // PyTorch keeps the unbiased variance.
            next[node.Input[3]] = Moved(node.Input[3], builder.Reshape(mean, -1), 1);
            next[node.Input[4]] = Moved(node.Input[4], varianceVector, count / Math.Max(1.0, count - 1));
            var result = builder.Node(
                "BatchNormalization", [centred, builder.Find(node.Input[1]), builder.Find(node.Input[2]), builder.Filled(0, x.Length(1)), varianceVector],
                ("epsilon", node.GetFloat("epsilon", 1e-5f)));
            composites[result.Name] = c => GradientRules.NormalizationOfBatch(c, variance);
            // How mean and variance depend on the input is part of that rule.
            composites[centred.Name] = c => [c.Gradient, null];
            return [result];
        });
        return next;
    }

    /// <summary>Replaces nodes by what <paramref name="rewrite"/> adds, where it adds something: values for the node's first outputs, of which no other is read.</summary>
    internal static void Rebuild(OnnxModel model, Func<GraphBuilder, NodeProto, IReadOnlyList<Value>?> rewrite)
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
            if (rewrite(builder, node) is not { } values)
            {
                graph.Node.Add(node);
                continue;
            }

            if (node.Output.Skip(values.Count).FirstOrDefault(o => o.Length > 0 && read.Contains(o)) is { } other)
            {
                throw new ModelException($"'{model.Source}': {node.Describe()} hands out '{other}', which cannot be trained on ONNX Runtime. Use --backend torchsharp.");
            }

            foreach (var (name, value) in node.Output.Zip(values))
            {
                if (outputs.Contains(name))
                {
                    // What the graph hands out keeps its name.
                    graph.Node.Add(GraphEdits.MakeNode("Identity", name, value.Name));
                }
                else
                {
                    replaced[name] = value.Name;
                }
            }
        }
    }
}
