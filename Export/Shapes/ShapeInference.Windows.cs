namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static TensorInfo[] Conv(InferenceContext c) => [new TensorInfo(c.Input(0).Type, ConvShape(c, c.Input(0), c.Input(1), c.Optional(2)))];

    private static TensorInfo[] ConvInteger(InferenceContext c) => [new TensorInfo(DataType.Int32, ConvShape(c, c.Input(0), c.Input(1), null))];

    private static TensorInfo[] QLinearConv(InferenceContext c)
    {
        return [new TensorInfo(c.Input(7).Type, ConvShape(c, c.Input(0), c.Input(3), c.Optional(8)))];
    }

    private static Dim[]? ConvShape(InferenceContext c, TensorInfo x, TensorInfo w, TensorInfo? b)
    {
        if (x.Shape is not { } input || w.Shape is not { } weight)
        {
            return null;
        }

        if (input.Count < 3 || weight.Count != input.Count)
        {
            throw c.Error("needs [batch, channels, space…] and a weight of the same rank");
        }

        var group = c.Node.GetInt("group", 1);
        if (weight[1].Value is { } perGroup && input[1].Contradicts(perGroup * group))
        {
            throw c.Error($"the weight expects {perGroup * group} channels, the input has {input[1]}");
        }

        if (b?.Shape is { } bias && (bias.Count != 1 || bias[0].Contradicts(weight[0])))
        {
            throw c.Error($"the bias must have {weight[0]} elements");
        }

        if (group < 1 || (weight[0].Value is { } filters && filters % group != 0))
        {
            throw c.Error($"{weight[0]} filters do not divide into {group} groups");
        }

        var kernel = c.Node.GetInts("kernel_shape");
        if (kernel is not null && (kernel.Length != weight.Count - 2 || kernel.Zip(weight.Skip(2)).Any(p => p.Second.Contradicts(p.First))))
        {
            throw c.Error($"kernel_shape [{string.Join(", ", kernel)}] is not that of the weight");
        }

        kernel ??= weight.Skip(2).All(d => d.Value is not null) ? [.. weight.Skip(2).Select(d => d.Value!.Value)] : null;
        return [input[0], weight[0], .. Space(c, input, kernel)];
    }

    private static TensorInfo[] ConvTranspose(InferenceContext c)
    {
        var (x, w) = (c.Input(0), c.Input(1));
        if (x.Shape is not { } input || w.Shape is not { } weight)
        {
            return [new TensorInfo(x.Type, null)];
        }

        var group = c.Node.GetInt("group", 1);
        if (input.Count < 3 || weight.Count != input.Count || group < 1 || weight[0].Contradicts(input[1]) || weight[0].Value % group is > 0)
        {
            throw c.Error("needs [batch, channels, space…] and a weight [channels, filters, space…] of the same rank that divides into the groups");
        }

        var rank = input.Count - 2;
        var lengths = c.Node.GetInts("kernel_shape");
        if (lengths is not null && (lengths.Length != rank || lengths.Zip(weight.Skip(2)).Any(p => p.Second.Contradicts(p.First))))
        {
            throw c.Error($"kernel_shape [{string.Join(", ", lengths)}] is not that of the weight");
        }

        if (c.Optional(2)?.Shape is { } bias && (bias.Count != 1 || bias[0].Contradicts(Map(weight[1], v => v * group))))
        {
            throw c.Error("the bias must have one element for each filter");
        }

        var (strides, dilations, pads, more) = (
            Ints(c, "strides", 1, rank), Ints(c, "dilations", 1, rank), Ints(c, "pads", 0, 2 * rank), Ints(c, "output_padding", 0, rank));
        var output = c.Node.GetInts("output_shape");
        if (strides.Concat(dilations).Any(v => v < 1) || more.Any(v => v < 0) || (output is not null && output.Length != rank && output.Length != rank + 2))
        {
            throw c.Error($"strides, dilations and output_shape must be {rank} positive numbers");
        }

        var auto = c.Node.GetString("auto_pad", "NOTSET");
        Dim Length(int i)
        {
            if (output is not null)
            {
                return output[^(rank - i)];
            }

            if (auto is "SAME_UPPER" or "SAME_LOWER")
            {
                return Map(input[i + 2], v => v * strides[i]);
            }

            var padding = auto == "VALID" ? 0 : pads[i] + pads[i + rank];
            if (weight[i + 2].Value is not { } kernel)
            {
                return Dim.Unknown;
            }

            var length = Map(input[i + 2], v => strides[i] * (v - 1) + more[i] + dilations[i] * (kernel - 1) + 1 - padding);
            return length.Value < 1 ? throw c.Error($"the padding of {padding} leaves nothing") : length;
        }

        return [new TensorInfo(x.Type, [input[0], Map(weight[1], v => v * group), .. Enumerable.Range(0, rank).Select(Length)])];
    }

    private static TensorInfo[] Pool(InferenceContext c)
    {
        var x = c.Input(0);
        var kernel = c.Node.GetInts("kernel_shape") ?? throw c.Error("has no kernel_shape");
        RequireSpace(c, x);
        var output = x with { Shape = x.Shape is { } s ? [s[0], s[1], .. Space(c, s, kernel)] : null };
        return [output, output with { Type = DataType.Int64 }];
    }

    private static TensorInfo[] MaxUnpool(InferenceContext c)
    {
        var x = c.Input(0);
        var kernel = c.Node.GetInts("kernel_shape") ?? throw c.Error("has no kernel_shape");
        RequireSpace(c, x);
        if (c.IsGiven(2) || x.Shape is not { } shape)
        {
            return [new TensorInfo(x.Type, c.IsGiven(2) ? TargetShape(c, 2) : null)];
        }

        var rank = shape.Count - 2;
        var (strides, pads) = (Ints(c, "strides", 1, rank), Ints(c, "pads", 0, 2 * rank));
        return kernel.Length == rank
            ? [new TensorInfo(x.Type, [shape[0], shape[1], .. shape.Skip(2).Select((d, i) => Map(d, v => (v - 1) * strides[i] + kernel[i] - pads[i] - pads[i + rank]))])]
            : throw c.Error($"kernel_shape needs {rank} numbers");
    }

    private static TensorInfo[] RoiAlign(InferenceContext c)
    {
        var (x, rois) = (c.Input(0), c.Input(1));
        return x.Rank is null or 4 && rois.Rank is null or 2
            ? [new TensorInfo(x.Type, [rois.Shape?[0] ?? Dim.Unknown, x.Shape?[1] ?? Dim.Unknown, c.Node.GetInt("output_height", 1), c.Node.GetInt("output_width", 1)])]
            : throw c.Error("needs [batch, channels, height, width] and boxes [count, 4]");
    }

    private static TensorInfo[] GridSample(InferenceContext c)
    {
        var (x, grid) = (c.Input(0), c.Input(1));
        return x.Shape is not { } shape || grid.Shape is not { } points ? [new TensorInfo(x.Type, null)]
            : shape.Count == points.Count && shape.Count > 2 ? [new TensorInfo(x.Type, [shape[0].Or(points[0]), shape[1], .. points.Skip(1).SkipLast(1)])]
            : throw c.Error("the input's and the grid's ranks differ");
    }

    /// <summary>Resize and Upsample: lengths from sizes, or multiplied by scales and rounded down, over all dimensions or those that axes name.</summary>
    private static TensorInfo[] Resize(InferenceContext c)
    {
        var x = c.Input(0);
        if (x.Shape is not { } shape)
        {
            return [new TensorInfo(x.Type, null)];
        }

        var upsample = c.Node.OpType == "Upsample";
        var scalesInput = upsample || c.Opset < 11 ? 1 : 2;
        var attribute = upsample ? c.Node.Find("scales")?.Floats.ToArray() : null;
        if (attribute is null && c.Optional(scalesInput) is { Type: not DataType.Float })
        {
            throw c.Error("the scales are not float");
        }

        // An empty tensor of scales stands for none.
        var scales = attribute ?? c.Optional(scalesInput)?.Floats;
        var sizes = scalesInput == 2 && c.IsGiven(3) ? TargetShape(c, 3) : null;
        var axes = (c.Node.GetInts("axes") ?? [.. Enumerable.Range(0, shape.Count).Select(i => (long)i)]).Select(a => c.Axis(a, shape.Count)).ToArray();
        var given = sizes?.Count ?? (scales is { Length: > 0 } ? scales.Length : axes.Length);
        if (given != axes.Length)
        {
            throw c.Error($"{given} sizes or scales for {axes.Length} dimensions");
        }

        if (scales?.Any(s => !(s > 0 && float.IsFinite(s))) == true)
        {
            throw c.Error("a scale that is not above 0");
        }

        var result = shape.ToArray();
        for (var i = 0; i < axes.Length; i++)
        {
            var scale = scales is { Length: > 0 } ? scales[i] : (float?)null;
            result[axes[i]] = sizes is not null && c.Node.GetString("keep_aspect_ratio_policy", "stretch") == "stretch" ? sizes[i]
                : sizes is null && scale == 1 ? result[axes[i]]
                : sizes is null && scale is { } factor ? Map(result[axes[i]], v => (long)MathF.Floor(v * factor))
                : Dim.Unknown;
        }

        return [new TensorInfo(x.Type, result)];
    }

    private static TensorInfo[] GlobalPool(InferenceContext c)
    {
        var x = c.Input(0);
        RequireSpace(c, x);
        return [x with { Shape = x.Shape is { } s ? [s[0], s[1], .. Enumerable.Repeat((Dim)1, s.Count - 2)] : null }];
    }

    private static void RequireSpace(InferenceContext c, TensorInfo x)
    {
        if (x.Rank < 3)
        {
            throw c.Error("needs [batch, channels, space…]");
        }
    }

    private static long[] Ints(InferenceContext c, string name, long fallback, int count)
    {
        var values = c.Node.GetInts(name) ?? [.. Enumerable.Repeat(fallback, count)];
        return values.Length == count ? values : throw c.Error($"{name} needs {count} numbers");
    }

    /// <summary>Output lengths of a sliding window over the dimensions from 2 on.</summary>
    private static Dim[] Space(InferenceContext c, IReadOnlyList<Dim> input, long[]? kernel)
    {
        var rank = input.Count - 2;
        if (kernel is null)
        {
            return [.. Enumerable.Repeat(Dim.Unknown, rank)];
        }

        var (strides, dilations, pads) = (Ints(c, "strides", 1, rank), Ints(c, "dilations", 1, rank), Ints(c, "pads", 0, 2 * rank));
        var ceil = c.Node.GetInt("ceil_mode", 0) != 0;
        var auto = c.Node.GetString("auto_pad", "NOTSET");
        if (kernel.Length != rank || strides.Concat(dilations).Concat(kernel).Any(v => v < 1) || pads.Any(v => v < 0))
        {
            throw c.Error($"kernel_shape, strides and dilations must be {rank} positive numbers, and pads not negative");
        }

        var output = new Dim[rank];
        for (var i = 0; i < rank; i++)
        {
            if (input[i + 2].Value is not { } length)
            {
                output[i] = Dim.Unknown;
                continue;
            }

            var window = dilations[i] * (kernel[i] - 1) + 1;
            if (auto is "SAME_UPPER" or "SAME_LOWER")
            {
                output[i] = (length + strides[i] - 1) / strides[i];
                continue;
            }

            var free = length - window + (auto == "VALID" ? 0 : pads[i] + pads[i + rank]);
            if (free < 0)
            {
                throw c.Error($"the window of {window} is larger than the padded input of {free + window}");
            }

            var steps = (free + (ceil ? strides[i] - 1 : 0)) / strides[i];
            // With ceil_mode, a last window that would start in the end padding is dropped, as in PyTorch and ONNX 1.16+.
            if (ceil && steps * strides[i] >= length + pads[i])
            {
                steps--;
            }

            output[i] = steps + 1;
        }

        return output;
    }
}
