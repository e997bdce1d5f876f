using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// A graph compiled for TorchSharp: kernels in order, values in numbered slots, and after each kernel the slots that nobody reads any more.
/// </summary>
internal sealed class ExecutionPlan
{
    private readonly Step[] _steps;
    private readonly int _slots;
    private readonly int[] _inputSlots;
    private readonly int[] _outputSlots;
    private readonly (string Name, int Slot)[] _constantSlots;
    private readonly string _source;

    private ExecutionPlan(OnnxModel model, IReadOnlyList<PlanNode> nodes)
    {
        var graph = model.Graph;
        _source = model.Source;
        var slots = new Dictionary<string, int>();
        int SlotOf(string name) => slots.TryGetValue(name, out var slot) ? slot : slots[name] = slots.Count;

        var initializers = graph.Initializer.Select(t => t.Name).ToHashSet();
        InputNames = [.. graph.Input.Select(i => i.Name).Where(n => !initializers.Contains(n))];
        _inputSlots = [.. InputNames.Select(SlotOf)];
        var lastRead = new Dictionary<string, int>();
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var name in nodes[i].Inputs.Concat(nodes[i].Outputs))
            {
                lastRead[name] = i;
            }
        }

        var kept = graph.Output.Select(o => o.Name).Concat(initializers).Concat(InputNames).Append("").ToHashSet();
        _steps = [.. nodes.Select((node, i) => new Step(
            node,
            [.. node.Inputs.Select(n => n.Length == 0 ? -1 : SlotOf(n))],
            [.. node.Outputs.Select(n => n.Length == 0 ? -1 : SlotOf(n))],
            [.. node.Inputs.Concat(node.Outputs).Distinct().Where(n => lastRead[n] == i && !kept.Contains(n)).Select(SlotOf)]))];
        _outputSlots = [.. graph.Output.Select(o => SlotOf(o.Name))];
        _constantSlots = [.. initializers.Where(slots.ContainsKey).Select(n => (n, slots[n]))];
        _slots = slots.Count;
    }

    /// <summary>The graph's inputs that are not initializers.</summary>
    public IReadOnlyList<string> InputNames { get; }

    /// <summary>Compiles the graph.</summary>
    /// <exception cref="ModelException">An operator or version that is not supported, by name and node.</exception>
    public static ExecutionPlan Compile(OnnxModel model, Precision precision)
    {
        OperatorTable.RequireSupported(model);
        var view = new GraphView(model);
        var absorbed = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var nodes = new List<PlanNode>();
        foreach (var node in model.Graph.Node.Reverse())
        {
            if (absorbed.Contains(node))
            {
                continue;
            }

            var context = new NodeContext(view, node);
            try
            {
                RequirePossibleSizes(view, context);
                if (Fusions.Match(view, node) is { } fused)
                {
                    nodes.Add(fused.Node);
                    absorbed.UnionWith(fused.Absorbed);
                    continue;
                }

                nodes.Add(new PlanNode(node.OpType, node.Describe(), OperatorTable.Compile(context), node.Input, node.Output));
            }
            catch (Exception e) when (e is not OneFractalException)
            {
                // Attributes or inputs that a file should have, and an operator counts on.
                throw context.Error($"it is not as this operator must be ({e.Message.Split('\n')[0].TrimEnd('.')})");
            }
        }

        nodes.Reverse();
        var rewritten = InPlace.Apply(view, nodes);
        return new ExecutionPlan(model, precision == Precision.Float32 ? rewritten : [.. rewritten.Select(MixedPrecision.Apply)]);
    }

    /// <summary>Runs the graph. The caller owns the outputs and keeps owning inputs and constants.</summary>
    /// <param name="inputs">In the order of <see cref="InputNames"/>.</param>
    /// <param name="constants">Parameters and buffers by initializer name.</param>
    /// <param name="mode">How to run.</param>
    public Tensor[] Run(IReadOnlyList<Tensor> inputs, IReadOnlyDictionary<string, Tensor> constants, ExecutionMode mode)
    {
        var values = new Tensor?[_slots];
        var owned = new bool[_slots];
        try
        {
            for (var i = 0; i < _inputSlots.Length; i++)
            {
                values[_inputSlots[i]] = inputs[i];
            }

            foreach (var (name, slot) in _constantSlots)
            {
                values[slot] = constants[name];
            }

            foreach (var step in _steps)
            {
                Run(step, values, owned, mode);
            }

            // An output may be an input, a constant, or twice the same value: the caller gets a handle of its own for each.
            return [.. _outputSlots.Select((slot, i) => (values[slot] ?? throw new ModelException($"'{_source}': output {i} was not computed.")).alias())];
        }
        finally
        {
            for (var slot = 0; slot < _slots; slot++)
            {
                if (owned[slot])
                {
                    values[slot]?.Dispose();
                }
            }
        }
    }

    /// <summary>A result that no memory holds is refused before anything runs, as far as its shape is known.</summary>
    private static void RequirePossibleSizes(GraphView view, NodeContext context)
    {
        foreach (var output in context.Node.Output)
        {
            SizeLimit.Require(view.Infos.GetValueOrDefault(output)?.Shape?.Aggregate(1.0, (product, d) => product * (d.Value ?? 1)) ?? 0);
        }
    }

    private void Run(Step step, Tensor?[] values, bool[] owned, ExecutionMode mode)
    {
        var arguments = new Tensor?[step.Inputs.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = step.Inputs[i] < 0 ? null : values[step.Inputs[i]];
        }

        Tensor[] results;
        try
        {
            results = step.Node.Kernel(arguments, mode);
        }
        catch (Exception e) when (e is not OneFractalException)
        {
            // torch and the kernels fail in many ways on shapes and values that do not fit.
            var shapes = string.Join(", ", arguments.Select(a => a is null or { IsInvalid: true } ? "–" : $"[{string.Join(", ", a.shape)}]"));
            throw new ModelException($"'{_source}': {step.Node.Description} failed on {shapes}: {e.Message.Split('\n')[0]}", e);
        }

        for (var i = 0; i < results.Length; i++)
        {
            if (i < step.Outputs.Length && step.Outputs[i] >= 0)
            {
                values[step.Outputs[i]] = results[i];
                owned[step.Outputs[i]] = true;
            }
            else
            {
                results[i].Dispose();
            }
        }

        foreach (var slot in step.Release)
        {
            // What was overwritten lives on as the result. (Tensor.Equals compares elements: slow, and false for NaN.)
            if (!Array.Exists(results, result => ReferenceEquals(result, values[slot])))
            {
                values[slot]?.Dispose();
            }

            values[slot] = null;
        }
    }

    private sealed record Step(PlanNode Node, int[] Inputs, int[] Outputs, int[] Release);
}
