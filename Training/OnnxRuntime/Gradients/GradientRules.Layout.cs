namespace OneFractal.Training;

internal static partial class GradientRules
{
    private static Dictionary<string, GradientRule> Layout() => new()
    {
        ["Reshape"] = Reshaped,
        ["Flatten"] = Reshaped,
        ["Squeeze"] = Reshaped,
        ["Unsqueeze"] = Reshaped,
        ["Expand"] = c => [c.Graph.Unbroadcast(c.Gradient, c.Input(0)), null],
        ["Transpose"] = Transpose,
        ["Concat"] = Concat,
        ["Split"] = Split,
        ["Slice"] = Slice,
        ["Gather"] = Gather,
        ["Pad"] = Pad,
    };

    private static Value?[] Reshaped(GradientContext c)
    {
        return [c.Graph.ReshapeLike(c.Gradient, c.Input(0)), .. Enumerable.Repeat<Value?>(null, c.Count - 1)];
    }

    private static Value?[] Transpose(GradientContext c)
    {
        var permutation = c.Node.GetInts("perm") ?? [.. Enumerable.Range(0, c.Input(0).Shape.Count).Reverse().Select(i => (long)i)];
        var inverse = new long[permutation.Length];
        for (var i = 0; i < inverse.Length; i++)
        {
            inverse[permutation[i]] = i;
        }

        return [c.Graph.Transpose(c.Gradient, inverse)];
    }

    private static Value?[] Concat(GradientContext c)
    {
        var axis = Axis(c, c.Output().Shape.Count);
        var result = new Value?[c.Count];
        long start = 0;
        for (var i = 0; i < result.Length; i++)
        {
            var length = c.Input(i).Length(axis);
            result[i] = c.Wants(i) ? c.Graph.Slice(c.Gradient, axis, start, start + length) : null;
            start += length;
        }

        return result;
    }

    private static Value?[] Split(GradientContext c)
    {
        var g = c.Graph;
        var axis = Axis(c, c.Input(0).Shape.Count);
        var parts = c.Node.Output.Select((name, i) => c.OutputGradient(i) ?? g.Scale(g.Find(name), 0)).ToArray();
        return [g.Concat(axis, parts), .. Enumerable.Repeat<Value?>(null, c.Count - 1)];
    }

    private static Value?[] Slice(GradientContext c)
    {
        var x = c.Input(0);
        var (starts, ends) = (c.Ints("starts", 1)!, c.Ints("ends", 2)!);
        var axes = c.Ints("axes", 3) ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        var steps = c.Ints("steps", 4) ?? [.. Enumerable.Repeat(1L, starts.Length)];
        var (before, after) = (new long[x.Shape.Count], new long[x.Shape.Count]);
        for (var i = 0; i < starts.Length; i++)
        {
            if (steps[i] != 1)
            {
                return [ScatterSlice(c, starts, axes, steps), .. Enumerable.Repeat<Value?>(null, c.Count - 1)];
            }

            var axis = (int)(axes[i] < 0 ? axes[i] + x.Shape.Count : axes[i]);
            var length = x.Length(axis);
            before[axis] = Math.Clamp(starts[i] < 0 ? starts[i] + length : starts[i], 0, length);
            after[axis] = length - Math.Clamp(ends[i] < 0 ? ends[i] + length : ends[i], before[axis], length);
        }

        return [c.Graph.Pad(c.Gradient, before, after), .. Enumerable.Repeat<Value?>(null, c.Count - 1)];
    }

    /// <summary>A slice with steps, one axis after the other: its gradient is scattered to where it came from.</summary>
    private static Value ScatterSlice(GradientContext c, long[] starts, long[] axes, long[] steps)
    {
        var (g, x) = (c.Graph, c.Input(0));
        var gradient = c.Gradient;
        for (var i = 0; i < starts.Length; i++)
        {
            var axis = (int)(axes[i] < 0 ? axes[i] + x.Shape.Count : axes[i]);
            var (length, count) = (x.Length(axis), c.Output().Length(axis));
            // A step backwards begins at the last element at most, one forwards at the first at least.
            var start = steps[i] < 0
                ? Math.Clamp(starts[i] < 0 ? starts[i] + length : starts[i], -1, length - 1)
                : Math.Clamp(starts[i] < 0 ? starts[i] + length : starts[i], 0, length);
            long[] indices = [.. Enumerable.Range(0, (int)count).Select(k => start + k * steps[i])];
            gradient = ScatterAlong(g, gradient, axis, indices, length);
        }

        return gradient;
    }

    private static Value?[] Gather(GradientContext c)
    {
        var (g, x, dy) = (c.Graph, c.Input(0), c.Gradient);
        var axis = Axis(c, x.Shape.Count);
        var length = x.Length(axis);
        if (c.Input(1) is { Shape.Count: 0, Info.KnownElements: [var index] })
        {
            // One element, whose axis disappeared.
            index = index < 0 ? index + length : index;
            var (before, after) = (new long[x.Shape.Count], new long[x.Shape.Count]);
            (before[axis], after[axis]) = (index, length - 1 - index);
            return [g.Pad(g.Node("Unsqueeze", [dy, g.Int64s(axis)]), before, after), null];
        }

        // The gradient of each element is the sum over the places that it went to: a product with a matrix of zeros and ones, made when it runs.
        var flat = g.Reshape(c.Input(1), -1);
        var lengths = x.Shape.Select(d => d.Value ?? -1).ToArray();
        long before0 = lengths[..axis].Aggregate(1L, (p, d) => p * d), after0 = lengths[(axis + 1)..].Aggregate(1L, (p, d) => p * d);
        if (before0 < 0 || after0 < 0)
        {
            throw c.Error("gathers from a tensor of unknown shape");
        }

        var oneHot = g.Node("OneHot", [flat, g.Int64s(length), g.Constant("const.float[0,1]", () => TensorProtoExtensions.Float("", [2], [0f, 1f]))], ("axis", 0));
        var rows = g.Reshape(dy, before0, -1, after0);
        return [g.ReshapeLike(g.MatMul(oneHot, rows), x), null];
    }

    private static Value?[] Pad(GradientContext c)
    {
        if (c.Node.GetString("mode", "constant") != "constant")
        {
            throw c.Error("pads by other than a constant");
        }

        var (g, x, dy) = (c.Graph, c.Input(0), c.Gradient);
        var pads = c.Ints("pads", 1)!;
        var axes = c.Count > 3 && c.Node.Input[3].Length > 0 ? c.Ints("axes", 3)! : [.. Enumerable.Range(0, x.Shape.Count).Select(i => (long)i)];
        for (var i = 0; i < axes.Length; i++)
        {
            var (before, after) = (pads[i], pads[i + axes.Length]);
            var axis = (int)(axes[i] < 0 ? axes[i] + x.Shape.Count : axes[i]);
            if (before < 0 || after < 0)
            {
                throw c.Error("crops by negative padding");
            }

            if (before > 0 || after > 0)
            {
                dy = g.Slice(dy, axis, before, before + x.Length(axis));
            }
        }

        return [dy, .. Enumerable.Repeat<Value?>(null, c.Count - 1)];
    }

    /// <summary>Puts the slices along an axis at other places of a longer axis of zeros.</summary>
    private static Value ScatterAlong(GraphBuilder g, Value x, int axis, long[] indices, long length)
    {
        var zeros = g.Scale(x, 0);
        var (before, after) = (new long[x.Shape.Count], new long[x.Shape.Count]);
        after[axis] = length - indices.Length;
        zeros = after[axis] > 0 ? g.Pad(zeros, before, after) : zeros;
        long[] along = [.. Enumerable.Repeat(1L, x.Shape.Count)];
        along[axis] = indices.Length;
        var places = g.Expand(g.Reshape(g.Int64s(indices), along), g.Node("Shape", [x]));
        return g.Node("ScatterElements", [zeros, places, x], ("axis", axis));
    }

    private static int Axis(GradientContext c, int rank)
    {
        var axis = c.Node.GetInt("axis", 0);
        return (int)(axis < 0 ? axis + rank : axis);
    }
}
