namespace OneFractal.Training;

/// <summary>
/// Reverse-mode differentiation of a graph as more graph: one walk from the outputs back adds, for each node, the standard operators that compute
/// the gradients of its inputs by the rule of its operator.
/// </summary>
internal static class GradientGraph
{
    /// <summary>Adds the gradients of <paramref name="targets"/> to the graph that <paramref name="builder"/> extends.</summary>
    /// <param name="builder">Extends <paramref name="model"/>.</param>
    /// <param name="model">The graph to differentiate.</param>
    /// <param name="seeds">Values that the scalar to be differentiated depends on directly, with its gradient at each.</param>
    /// <param name="targets">Initializers or inputs whose gradients are asked for.</param>
    /// <param name="within">The nodes to go through, in their order; all when null.</param>
    /// <param name="composites">Rules of chains of nodes, by the output in which each ends; they go before the rules of operators.</param>
    /// <returns>The gradient of each target; a target that the seeds do not depend on is missing.</returns>
    /// <exception cref="ModelException">An operator on the way has no rule, by name and node.</exception>
    public static IReadOnlyDictionary<string, Value> Add(
        GraphBuilder builder, OnnxModel model, IReadOnlyDictionary<string, Value> seeds, IReadOnlyCollection<string> targets,
        IReadOnlyCollection<NodeProto>? within = null, IReadOnlyDictionary<string, GradientRule>? composites = null)
    {
        NodeProto[] nodes = [.. within ?? model.Graph.Node];
        // Nothing flows back through shapes, indices and conditions.
        var wanted = DependingOn(nodes, targets, o => MayFlow(builder.TypeOf(o)));
        var contributions = seeds.ToDictionary(s => s.Key, s => new List<Value> { s.Value });
        Value? GradientOf(string value)
        {
            if (!contributions.TryGetValue(value, out var parts))
            {
                return null;
            }

            if (parts.Count > 1)
            {
                parts[0] = builder.Sum(parts);
                parts.RemoveRange(1, parts.Count - 1);
            }

            return parts[0];
        }

        foreach (var node in nodes.Reverse())
        {
            if (!node.Output.Any(contributions.ContainsKey) || !node.Input.Any(wanted.Contains))
            {
                continue;
            }

            var rule = composites?.GetValueOrDefault(node.Output[0]) ?? GradientRules.Find(node)
                ?? throw new ModelException($"'{model.Source}': {node.Describe()} has no gradient rule.");
            using var scope = builder.Scope($"grad/{(node.Name.Length > 0 ? node.Name : node.Output[0])}");
            var context = new GradientContext(builder, node, wanted, GradientOf);
            if (node.OpType != "Split" && node.Output.Skip(1).Any(contributions.ContainsKey))
            {
                throw context.Error("has a gradient at another output than its first");
            }

            var gradients = rule(context);
            for (var i = 0; i < gradients.Length; i++)
            {
                if (gradients[i] is { } gradient && wanted.Contains(node.Input[i]))
                {
                    (contributions.TryGetValue(node.Input[i], out var parts) ? parts : contributions[node.Input[i]] = []).Add(gradient);
                }
            }
        }

        return targets.Select(t => (t, Gradient: GradientOf(t))).Where(p => p.Gradient is not null).ToDictionary(p => p.t, p => p.Gradient!);
    }

    /// <summary>
    /// Fails with one line that names every operator on the way from the targets to the graph's outputs that cannot be differentiated, before shapes are asked
    /// for, which such an operator may leave unknown.
    /// </summary>
    /// <exception cref="ModelException">There is such an operator.</exception>
    public static void RequireRules(OnnxModel model, IReadOnlyCollection<string> targets)
    {
        var infos = ShapeInference.InferAll(model);
        // Shapes and indices may be computed from values that train, but nothing flows back through them.
        bool IsFloat(string value) => value.Length > 0 && MayFlow(infos.GetValueOrDefault(value)?.Type);
        var wanted = targets.ToHashSet();
        foreach (var node in model.Graph.Node.Where(n => n.Input.Any(wanted.Contains)))
        {
            wanted.UnionWith(node.Output.Where(IsFloat));
        }

        var reached = model.Graph.Output.Select(o => o.Name).ToHashSet();
        var missing = new List<NodeProto>();
        foreach (var node in model.Graph.Node.Reverse().Where(n => n.Output.Any(o => reached.Contains(o) && wanted.Contains(o))))
        {
            reached.UnionWith(node.Input);
            if (GradientRules.Find(node) is null && !TrainingForm.Rewritten.Contains(node.OpType))
            {
                missing.Insert(0, node);
            }
        }

        if (missing.Count > 0)
        {
            var names = missing.GroupBy(n => n.OpType).Select(g => $"{g.First().Describe()}{(g.Count() > 1 ? $" and {g.Count() - 1} more" : "")}");
            throw new ModelException($"'{model.Source}': no gradient rule on ONNX Runtime for {string.Join(", ", names)}. Use --backend torchsharp.");
        }
    }

    /// <summary>Whether gradients flow through values of that type, or of one that is not known.</summary>
    private static bool MayFlow(DataType? type) => type is null or DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;

    /// <summary>The values, and every value that <paramref name="nodes"/> compute from one; of these, those that <paramref name="counts"/>.</summary>
    public static HashSet<string> DependingOn(IEnumerable<NodeProto> nodes, IReadOnlyCollection<string> values, Func<string, bool>? counts = null)
    {
        var result = values.ToHashSet();
        foreach (var node in nodes.Where(n => n.Input.Any(result.Contains)))
        {
            result.UnionWith(node.Output.Where(o => o.Length > 0 && counts?.Invoke(o) != false));
        }

        return result;
    }
}
