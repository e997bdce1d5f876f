namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static TensorInfo[] Reshape(InferenceContext c)
    {
        var x = c.Input(0);
        if (c.Input(1).Elements is not { } target)
        {
            return [x with { Shape = c.Input(1).Shape is [{ Value: { } rank }] ? OfRank(c, rank) : null, Elements = null }];
        }

        var result = target.ToArray();
        var infer = Array.FindIndex(result, d => d.Value == -1);
        if (result.Any(d => d.Value < -1) || result.Count(d => d.Value == -1) > 1)
        {
            throw c.Error($"cannot take the shape [{string.Join(", ", target)}]");
        }

        if (c.Node.GetInt("allowzero", 0) == 0)
        {
            for (var i = 0; i < result.Length; i++)
            {
                if (result[i].Value == 0)
                {
                    result[i] = x.Shape is null ? Dim.Unknown : i < x.Shape.Count ? x.Shape[i] : throw c.Error($"copies dimension {i}, which the input lacks");
                }
            }
        }

        if (infer >= 0)
        {
            var (input, rest) = Cancel(x.Shape, result.Where((_, i) => i != infer));
            result[infer] = Dim.Unknown;
            if (input is not null && Product(input) is var total && Product(rest).Value is { } divisor and not 0)
            {
                if (total.Value is { } length)
                {
                    result[infer] = length % divisor == 0 ? length / divisor : throw c.Error($"{length} elements do not divide by {divisor}");
                }
                else if (divisor == 1)
                {
                    result[infer] = total;
                }
            }
        }
        else if (Cancel(x.Shape, result) is ({ } from, var to) && from.Concat(to).All(d => d.Value is not null) && Product(from).Value is { } have && Product(to).Value is { } want && have != want)
        {
            throw c.Error($"{have} elements cannot become {want}");
        }

        return [x with { Shape = result, Elements = result.Length <= 1 ? x.Elements : null }];
    }

    /// <summary>Dimensions of a shape and of what it becomes without the named unknown ones that stand on both sides.</summary>
    private static (List<Dim>? From, List<Dim> To) Cancel(IReadOnlyList<Dim>? from, IEnumerable<Dim> to)
    {
        var (left, right) = (from?.ToList(), to.ToList());
        foreach (var symbol in right.Where(d => d.IsNamed).ToArray())
        {
            if (left is not null && left.Remove(symbol))
            {
                right.Remove(symbol);
            }
        }

        return (left, right);
    }

    private static TensorInfo[] Flatten(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape)
        {
            return [x with { Shape = [Dim.Unknown, Dim.Unknown] }];
        }

        var axis = c.Node.GetInt("axis", 1);
        var split = axis == shape.Count ? shape.Count : c.Axis(axis, shape.Count);
        return [x with { Shape = [Product(shape.Take(split)), Product(shape.Skip(split))], Elements = null }];
    }

    private static TensorInfo[] Transpose(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape)
        {
            return [x];
        }

        var permutation = c.Node.GetInts("perm") ?? [.. Enumerable.Range(0, shape.Count).Reverse().Select(i => (long)i)];
        return permutation.Order().SequenceEqual(Enumerable.Range(0, shape.Count).Select(i => (long)i))
            ? [x with { Shape = [.. permutation.Select(i => shape[(int)i])], Elements = shape.Count <= 1 ? x.Elements : null }]
            : throw c.Error($"perm [{string.Join(", ", permutation)}] does not order {shape.Count} dimensions");
    }

    private static TensorInfo[] Squeeze(InferenceContext c)
    {
        var x = c.Input(0);
        var axes = c.IntsFromInputOrAttribute("axes", 1);
        if (x.Shape is not { } shape || (axes is null && (c.Optional(1) is not null || shape.Any(d => d.Value is null))))
        {
            return [x with { Shape = null }];
        }

        var drop = axes?.Select(a => c.Axis(a, shape.Count)).ToHashSet() ?? [.. Enumerable.Range(0, shape.Count).Where(i => shape[i].Value == 1)];
        foreach (var axis in drop)
        {
            if (shape[axis].Contradicts(1))
            {
                throw c.Error($"dimension {axis} is {shape[axis]}, not 1");
            }
        }

        return [x with { Shape = [.. shape.Where((_, i) => !drop.Contains(i))] }];
    }

    private static TensorInfo[] Unsqueeze(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape || c.IntsFromInputOrAttribute("axes", 1) is not { } axes)
        {
            return [x with { Shape = null, Elements = null }];
        }

        var rank = shape.Count + axes.Length;
        var inserted = axes.Select(a => c.Axis(a, rank)).ToHashSet();
        var rest = new Queue<Dim>(shape);
        if (inserted.Count != axes.Length)
        {
            throw c.Error("an axis is named twice");
        }

        Dim[] result = [.. Enumerable.Range(0, rank).Select(i => inserted.Contains(i) ? 1 : rest.Dequeue())];
        return [x with { Shape = result, Elements = rank <= 1 ? x.Elements : null }];
    }

    private static TensorInfo[] Expand(InferenceContext c)
    {
        return [c.Input(0) with { Shape = Broadcast(c, c.Input(0).Shape, TargetShape(c, 1)), Elements = null }];
    }

    /// <summary>The shape that an input holds, as far as it is known.</summary>
    private static IReadOnlyList<Dim>? TargetShape(InferenceContext c, int input)
    {
        var shape = c.Input(input).Elements;
        return shape is not null && shape.Any(d => d.Value < 0)
            ? throw c.Error($"the shape [{string.Join(", ", shape)}] has a negative length")
            : shape;
    }

    private static TensorInfo[] Concat(InferenceContext c)
    {
        var first = c.Input(0);
        if (c.Inputs.Any(i => i?.Shape is null))
        {
            return [new TensorInfo(first.Type, null)];
        }

        var rank = first.Shape!.Count;
        var axis = c.Axis(c.Node.GetInt("axis", 0), rank);
        var result = first.Shape.ToArray();
        Dim[]? elements = rank == 1 && c.Inputs.All(i => i!.Elements is not null) ? [.. c.Inputs.SelectMany(i => i!.Elements!)] : null;
        foreach (var input in c.Inputs.Skip(1))
        {
            if (input!.Shape!.Count != rank || input.Type != first.Type)
            {
                throw c.Error("the inputs' ranks or types differ");
            }

            for (var i = 0; i < rank; i++)
            {
                var dim = input.Shape[i];
                if (i == axis)
                {
                    result[i] = result[i].Value is { } a && dim.Value is { } b ? a + b : Dim.Unknown;
                }
                else
                {
                    result[i] = result[i].Contradicts(dim) ? throw c.Error($"dimension {i} is {result[i]} and {dim}") : result[i].Or(dim);
                }
            }
        }

        return [new TensorInfo(first.Type, result) { Elements = elements }];
    }

    private static TensorInfo[] Split(InferenceContext c)
    {
        var x = c.Input(0);
        var count = c.Node.Output.Count;
        if (x.Shape is not { } shape)
        {
            return [.. Enumerable.Repeat(x, count)];
        }

        var axis = c.Axis(c.Node.GetInt("axis", 0), shape.Count);
        var sizes = c.IntsFromInputOrAttribute("split", 1);
        if (sizes is not null && (sizes.Length != count || (shape[axis].Value is { } total && sizes.Sum() != total)))
        {
            throw c.Error($"split [{string.Join(", ", sizes)}] does not fill {count} outputs from {shape[axis]}");
        }

        if (sizes is null && c.Optional(1) is null && shape[axis].Value is { } length)
        {
            // Equal parts; from opset 18 on (num_outputs) the last may be smaller, but not empty.
            var part = (length + count - 1) / count;
            if (length % count != 0 && (c.Opset < 18 || length <= part * (count - 1)))
            {
                throw c.Error($"{length} elements do not split into {count} parts");
            }

            sizes = [.. Enumerable.Range(0, count).Select(i => Math.Min(part, length - i * part))];
        }

        var elements = sizes is not null && sizes.All(s => s >= 0) ? x.Elements : null;
        return [.. Enumerable.Range(0, count).Select(o => new TensorInfo(
            x.Type, [.. shape.Select((d, i) => i != axis ? d : sizes is null ? Dim.Unknown : sizes[o])])
        {
            Elements = elements is null ? null : [.. elements.Skip((int)sizes![..o].Sum()).Take((int)sizes[o])],
        })];
    }

    private static TensorInfo[] Slice(InferenceContext c)
    {
        var x = c.Input(0);
        var (starts, ends) = (c.IntsFromInputOrAttribute("starts", 1), c.IntsFromInputOrAttribute("ends", 2));
        var axes = c.IntsFromInputOrAttribute("axes", 3);
        var steps = c.Optional(4)?.KnownElements;
        if (x.Shape is not { } shape || starts is null || ends is null || (axes is null && c.Optional(3) is not null)
            || (steps is null && c.Optional(4) is not null))
        {
            return [x with { Shape = x.Shape is { } s ? [.. s.Select(_ => Dim.Unknown)] : null, Elements = null }];
        }

        if (starts.Length != ends.Length || (axes ?? starts).Length != starts.Length || (steps ?? starts).Length != starts.Length)
        {
            throw c.Error("starts, ends, axes and steps differ in length");
        }

        var result = shape.ToArray();
        var sliced = new HashSet<int>();
        var elements = starts.Length == 0 ? x.Elements : null;
        for (var i = 0; i < starts.Length; i++)
        {
            var axis = c.Axis(axes?[i] ?? i, shape.Count);
            if (!sliced.Add(axis))
            {
                throw c.Error($"axis {axis} is named twice");
            }

            var step = steps?[i] ?? 1;
            if (step == 0)
            {
                throw c.Error("a step of 0");
            }

            if (shape[axis].Value is not { } length)
            {
                result[axis] = Dim.Unknown;
                continue;
            }

            // Backwards, −1 is the place before the first element.
            var (low, high) = step > 0 ? (0L, length) : (-1L, length - 1);
            var from = Math.Clamp(starts[i] < 0 ? starts[i] + length : starts[i], Math.Min(0, high), high);
            var to = Math.Clamp(ends[i] < 0 ? ends[i] + length : ends[i], low, high);
            // Steps beyond the length all take one element; the largest and smallest integers stand for "to the end".
            step = Math.Clamp(step, -length - 1, length + 1);
            var distance = step > 0 ? to - from : from - to;
            result[axis] = distance <= 0 ? 0 : (distance - 1) / Math.Abs(step) + 1;
            if (x.Elements is { } e && shape.Count == 1)
            {
                elements = [.. Enumerable.Range(0, (int)result[axis].Value!.Value).Select(k => e[(int)(from + k * step)])];
            }
        }

        return [x with { Shape = result, Elements = elements }];
    }

    private static TensorInfo[] Gather(InferenceContext c)
    {
        var (x, indices) = (c.Input(0), c.Input(1));
        if (x.Shape is not { } shape || indices.Shape is not { } index)
        {
            return [x with { Shape = null, Elements = null }];
        }

        var axis = c.Axis(c.Node.GetInt("axis", 0), shape.Count);
        Dim[]? elements = null;
        if (x.Elements is { } e && indices.KnownElements is { } picks && shape.Count == 1 && index.Count <= 1)
        {
            elements = [.. picks.Select(p => e[c.Axis(p, e.Count)])];
        }

        return [x with { Shape = [.. shape.Take(axis), .. index, .. shape.Skip(axis + 1)], Elements = elements }];
    }

    private static TensorInfo[] Shape(InferenceContext c)
    {
        if (c.Input(0).Shape is not { } shape)
        {
            return [new TensorInfo(DataType.Int64, [Dim.Unknown])];
        }

        int Bound(long value) => (int)Math.Clamp(value < 0 ? value + shape.Count : value, 0, shape.Count);
        var (start, end) = (Bound(c.Node.GetInt("start", 0)), Bound(c.Node.GetInt("end", shape.Count)));
        Dim[] part = [.. shape.Skip(start).Take(Math.Max(0, end - start))];
        return [new TensorInfo(DataType.Int64, [part.Length]) { Elements = part }];
    }

    private static TensorInfo[] Size(InferenceContext c)
    {
        return [new TensorInfo(DataType.Int64, []) { Elements = c.Input(0).Shape is { } shape ? [Product(shape)] : null }];
    }

    private static TensorInfo[] Tile(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape || TargetShape(c, 1) is not { } repeats)
        {
            return [new TensorInfo(x.Type, x.Shape is { } s ? OfRank(c, s.Count) : null)];
        }

        return repeats.Count == shape.Count
            ? [new TensorInfo(x.Type, [.. shape.Zip(repeats, (d, r) => d.Value == 1 ? r : r.Value == 1 ? d : r.Value is { } times ? Map(d, v => v * times) : Dim.Unknown)])]
            : throw c.Error($"{repeats.Count} repeats for {shape.Count} dimensions");
    }

    private static TensorInfo[] Pad(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape)
        {
            return [new TensorInfo(x.Type, null)];
        }

        var axes = c.Optional(3)?.KnownElements;
        if (c.IntsFromInputOrAttribute("pads", 1) is not { } pads || (axes is null && c.IsGiven(3)))
        {
            return [new TensorInfo(x.Type, OfRank(c, shape.Count))];
        }

        axes ??= [.. Enumerable.Range(0, shape.Count).Select(i => (long)i)];
        if (pads.Length != 2 * axes.Length)
        {
            throw c.Error($"{pads.Length} pads for {axes.Length} dimensions");
        }

        var result = shape.ToArray();
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = c.Axis(axes[i], shape.Count);
            var (before, after) = (pads[i], pads[i + axes.Length]);
            result[axis] = before == 0 && after == 0 ? result[axis] : Map(result[axis], v => v + before + after);
        }

        return [new TensorInfo(x.Type, result)];
    }

    private static TensorInfo[] DepthToSpace(InferenceContext c)
    {
        var (x, shape, block) = BlockOperands(c);
        var area = block * block;
        return shape is null ? [x] : shape[1].Value % area is > 0 ? throw c.Error($"{shape[1]} channels do not divide by {area}")
            : [x with { Shape = [shape[0], Map(shape[1], v => v / area), Map(shape[2], v => v * block), Map(shape[3], v => v * block)] }];
    }

    private static TensorInfo[] SpaceToDepth(InferenceContext c)
    {
        var (x, shape, block) = BlockOperands(c);
        return shape is null ? [x] : shape.Skip(2).Any(d => d.Value % block is > 0) ? throw c.Error($"{shape[2]} x {shape[3]} does not divide by {block}")
            : [x with { Shape = [shape[0], Map(shape[1], v => v * block * block), Map(shape[2], v => v / block), Map(shape[3], v => v / block)] }];
    }

    private static (TensorInfo X, IReadOnlyList<Dim>? Shape, long Block) BlockOperands(InferenceContext c)
    {
        var (x, block) = (c.Input(0) with { Elements = null }, c.Node.GetInt("blocksize", 0));
        return x.Rank is null or 4 && block > 0 ? (x, x.Shape, block) : throw c.Error("needs [batch, channels, height, width] and a positive blocksize");
    }

    private static TensorInfo[] CenterCropPad(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape)
        {
            return [new TensorInfo(x.Type, null)];
        }

        var axes = (c.Node.GetInts("axes") ?? [.. Enumerable.Range(0, shape.Count).Select(i => (long)i)]).Select(a => c.Axis(a, shape.Count)).ToArray();
        var target = TargetShape(c, 1);
        if (target is not null && target.Count != axes.Length)
        {
            throw c.Error($"{target.Count} lengths for {axes.Length} axes");
        }

        return [new TensorInfo(x.Type, [.. shape.Select((d, i) => Array.IndexOf(axes, i) is var at and >= 0 ? target?[at] ?? Dim.Unknown : d)])];
    }

    private static TensorInfo[] Reduce(InferenceContext c)
    {
        var x = c.Input(0) with { Floats = null };
        var keep = c.Node.GetInt("keepdims", 1) != 0;
        var axes = c.IntsFromInputOrAttribute("axes", 1);
        if (x.Shape is not { } shape || (axes is null && c.Optional(1) is not null))
        {
            return [x with { Shape = null, Elements = null }];
        }

        var all = axes is not { Length: > 0 };
        if (all && c.Node.GetInt("noop_with_empty_axes", 0) != 0)
        {
            return [x];
        }

        var reduced = all ? [.. Enumerable.Range(0, shape.Count)] : axes!.Select(a => c.Axis(a, shape.Count)).ToHashSet();
        return [x with { Shape = [.. shape.Select((d, i) => reduced.Contains(i) ? 1 : d).Where((_, i) => keep || !reduced.Contains(i))], Elements = null }];
    }
}
