using System.Runtime.InteropServices;

namespace OneFractal.Export;

/// <summary>
/// Computes at export what does not depend on the input: shapes that are known, weights transposed for MatMul, constants that are expanded.
/// The result runs the same everywhere but its folded weights have new names, so it no longer trains.
/// </summary>
public static class ConstantFolding
{
    // An expanded constant that is larger than this stays a node: the file would grow for nothing.
    private const int LargestExpansion = 1 << 22;

    /// <summary>A copy with constants folded, Dropout and Identity gone, and no training metadata.</summary>
    public static OnnxModel Apply(OnnxModel model)
    {
        var result = model.Clone();
        var graph = result.Graph;
        var infos = ShapeInference.InferAll(result);
        var constants = graph.Initializer.ToDictionary(t => t.Name);
        var outputs = graph.Output.Select(o => o.Name).ToHashSet();
        // Each weight may be stored once more: a small file that transposes one again and again must not fill the memory.
        var budget = LargestExpansion + graph.Initializer.Sum(t => (long)t.ElementCount());
        var aliases = new Dictionary<string, string>();
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = aliases.GetValueOrDefault(node.Input[i], node.Input[i]);
            }

            if (!node.IsStandard() || node.Output is not [{ Length: > 0 } name, ..] || outputs.Contains(name))
            {
                continue;
            }

            if (node.OpType is "Dropout" or "Identity" && node.InputOrNull(0) is { } source)
            {
                aliases[name] = source;
            }
            else if (node.Output.Count == 1 && Fold(node, infos, constants, budget) is { } folded)
            {
                constants[folded.Name] = folded;
                graph.Initializer.Add(folded);
                budget -= folded.ElementCount();
            }
        }

        var live = graph.Node.Where(n => !n.Output.Any(constants.ContainsKey)).ToArray();
        GraphEdits.Replace(graph.Node, live);
        result.TrainableNames = null;
        result.ResidualBranches = null;
        GraphEdits.RemoveDeadCode(result);
        ModelChecker.Check(result);
        return result;
    }

    private static TensorProto? Fold(NodeProto node, Dictionary<string, TensorInfo> infos, Dictionary<string, TensorProto> constants, long budget)
    {
        var name = node.Output[0];
        var info = infos.GetValueOrDefault(name);
        if (info is { Type: DataType.Int64, KnownElements: { } elements, StaticShape: { } shape })
        {
            return TensorProtoExtensions.Int64(name, shape, elements);
        }

        if (node.OpType == "Constant" && node.Find("value")?.T is { } value)
        {
            var constant = value.Clone();
            constant.Name = name;
            return constant;
        }

        if (node.OpType is not ("Transpose" or "Expand") || info?.StaticShape is not { } target || node.InputOrNull(0) is not { } input
            || !constants.TryGetValue(input, out var source) || source.ElementType() != DataType.Float)
        {
            return null;
        }

        // A shape that is only declared is not to be relied on.
        var isKnown = node.OpType == "Transpose" || infos.GetValueOrDefault(node.Input[1])?.KnownElements is not null;
        var size = target.Aggregate(1.0, (p, d) => p * d);
        if (!isKnown || size > budget || (node.OpType == "Expand" && size > LargestExpansion))
        {
            return null;
        }

        return node.OpType == "Transpose"
            ? Gather(name, source, target, [.. (node.GetInts("perm") ?? [.. Enumerable.Range(0, target.Length).Reverse().Select(i => (long)i)]).Select(a => (int)a)])
            : Gather(name, source, target, [.. Enumerable.Range(source.Dims.Count - target.Length, target.Length)]);
    }

    /// <summary>
    /// The source read along other axes: dimension i of the result walks axis <paramref name="axes"/>[i] of the source, and repeats where
    /// that axis does not exist (below 0) or has length 1.
    /// </summary>
    private static TensorProto Gather(string name, TensorProto source, long[] target, int[] axes)
    {
        var from = MemoryMarshal.Cast<byte, float>(source.ToBytes().Span);
        var strides = new long[source.Dims.Count];
        for (long i = strides.Length - 1, stride = 1; i >= 0; stride *= source.Dims[(int)i--])
        {
            strides[i] = stride;
        }

        var steps = axes.Select(a => a < 0 || source.Dims[a] == 1 ? 0 : strides[a]).ToArray();
        var values = new float[target.Aggregate(1L, (p, d) => p * d)];
        var index = new long[target.Length];
        long offset = 0;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = from[(int)offset];
            for (var axis = target.Length - 1; axis >= 0; axis--)
            {
                offset += steps[axis];
                if (++index[axis] < target[axis])
                {
                    break;
                }

                offset -= steps[axis] * target[axis];
                index[axis] = 0;
            }
        }

        return TensorProtoExtensions.Float(name, target, values);
    }
}
