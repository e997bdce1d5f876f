namespace OneFractal.Export;

/// <summary>Types and shapes of values, from a table <c>operator → rule</c>.</summary>
public static partial class ShapeInference
{
    private delegate TensorInfo[] Rule(InferenceContext context);

    /// <summary>Whether there is a rule for the operator of the default domain.</summary>
    public static bool Knows(string opType) => Rules.ContainsKey(opType);

    /// <summary>Types and shapes of a node's outputs.</summary>
    /// <exception cref="ModelException">The inputs do not fit the operator, or no rule knows it.</exception>
    internal static TensorInfo[] Infer(NodeProto node, int opset, TensorInfo?[] inputs)
    {
        var context = new InferenceContext(node, opset, inputs);
        if (!node.IsStandard() || !Rules.TryGetValue(node.OpType, out var rule))
        {
            throw context.Error("there is no shape rule for this operator");
        }

        try
        {
            return [.. rule(context).Select(output => Bounded(context, output))];
        }
        catch (OverflowException)
        {
            throw context.Error("a size that it asks for cannot be");
        }
    }

    /// <summary>What no rule may say, whatever a file asks for: a negative length, more elements than a number can count, or endless lists.</summary>
    private static TensorInfo Bounded(InferenceContext c, TensorInfo output)
    {
        if (output.Rank > TensorInfo.MaximumRank)
        {
            throw c.Error($"its result has {output.Rank} dimensions; {TensorInfo.MaximumRank} are the most");
        }

        if (output.Shape is { } shape && (shape.Any(d => d.Value < 0) || (!shape.Any(d => d.Value == 0) && shape.Aggregate(1.0, (p, d) => p * (d.Value ?? 1)) > long.MaxValue)))
        {
            throw c.Error($"its result cannot have the shape [{string.Join(", ", shape)}]");
        }

        var follow = output.Elements is { Count: <= TensorInfo.MaximumElements } elements && output.Rank <= 1 && !Product(output.Shape!).Contradicts(elements.Count)
            && (output.Type != DataType.Int32 || elements.All(e => e.Value is null or (>= int.MinValue and <= int.MaxValue)));
        return output with { Elements = follow ? output.Elements : null, Floats = c.Node.OpType is "Constant" or "Identity" ? output.Floats : null };
    }

    /// <summary>
    /// What is known of every value of a graph. A node without a rule, or with an input nothing is known of, leaves its outputs to what the
    /// graph's <c>value_info</c> declares.
    /// </summary>
    /// <exception cref="ModelException">A node's inputs do not fit its operator.</exception>
    public static Dictionary<string, TensorInfo> InferAll(OnnxModel model) => InferAll(model, null);

    /// <summary>As <see cref="InferAll(OnnxModel)"/>; <paramref name="visit"/> sees, and may change, each node before it is inferred.</summary>
    internal static Dictionary<string, TensorInfo> InferAll(OnnxModel model, Action<NodeProto, Dictionary<string, TensorInfo>>? visit)
    {
        var graph = model.Graph;
        var known = new Dictionary<string, TensorInfo>();
        foreach (var declared in graph.ValueInfo.Concat(graph.Output).Concat(graph.Input))
        {
            if (TensorInfo.From(declared) is { } info)
            {
                known[declared.Name] = info;
            }
        }

        foreach (var initializer in graph.Initializer)
        {
            known[initializer.Name] = TensorInfo.From(initializer);
        }

        foreach (var node in graph.Node)
        {
            visit?.Invoke(node, known);
            var inputs = node.Input.Select(name => name.Length > 0 ? known.GetValueOrDefault(name) : null).ToArray();
            var complete = node.Input.Zip(inputs).All(p => p.First.Length == 0 || p.Second is not null);
            if (!complete || node.Output.Count == 0 || !node.IsStandard() || !Rules.ContainsKey(node.OpType))
            {
                continue;
            }

            var outputs = Infer(node, model.Opset, inputs);
            for (var i = 0; i < Math.Min(outputs.Length, node.Output.Count); i++)
            {
                if (node.Output[i].Length > 0)
                {
                    // What the file declares may be more than what can be inferred.
                    var declared = known.GetValueOrDefault(node.Output[i]);
                    known[node.Output[i]] = outputs[i] with { Shape = outputs[i].Shape ?? declared?.Shape };
                }
            }
        }

        return known;
    }

    /// <summary>The shape of two operands after NumPy broadcasting.</summary>
    private static Dim[]? Broadcast(InferenceContext context, IReadOnlyList<Dim>? a, IReadOnlyList<Dim>? b)
    {
        if (a is null || b is null)
        {
            return null;
        }

        var result = new Dim[Math.Max(a.Count, b.Count)];
        for (var i = 1; i <= result.Length; i++)
        {
            var (left, right) = (i <= a.Count ? a[^i] : 1, i <= b.Count ? b[^i] : 1);
            result[^i] = left.Value == 1 ? right
                : right.Value == 1 ? left
                : left.Contradicts(right) ? throw context.Error($"dimensions {left} and {right} do not broadcast")
                // An unknown dimension beside a length above 1 must be that length or 1.
                : left.Value is not null || right.Value is not null || left == right ? left.Or(right) : Dim.Unknown;
        }

        return result;
    }

    /// <summary>Fails where <paramref name="shape"/> does not broadcast to exactly <paramref name="target"/>.</summary>
    private static void RequireBroadcast(InferenceContext context, IReadOnlyList<Dim> shape, IReadOnlyList<Dim> target, string what)
    {
        for (var i = 1; i <= shape.Count; i++)
        {
            if (i > target.Count || (shape[^i].Value != 1 && shape[^i].Contradicts(target[^i])))
            {
                throw context.Error($"{what} [{string.Join(", ", shape)}] does not broadcast to [{string.Join(", ", target)}]");
            }
        }
    }

    /// <summary>A shape of which only the rank is known.</summary>
    private static Dim[] OfRank(InferenceContext c, long rank)
    {
        return rank is >= 0 and <= TensorInfo.MaximumRank ? [.. Enumerable.Repeat(Dim.Unknown, (int)rank)] : throw c.Error($"a shape of {rank} dimensions");
    }

    /// <summary>A length that a known one becomes, else unknown.</summary>
    private static Dim Map(Dim dim, Func<long, long> length) => dim.Value is { } value ? length(value) : Dim.Unknown;

    private static Dim Product(IEnumerable<Dim> dims)
    {
        long product = 1;
        Dim? symbol = null;
        foreach (var dim in dims)
        {
            if (dim.Value is { } value)
            {
                product *= value;
            }
            else if (symbol is not null || dim.Name is null)
            {
                return Dim.Unknown;
            }
            else
            {
                symbol = dim;
            }
        }

        return symbol is not { } s ? product : product == 1 ? s : Dim.Unknown;
    }
}
