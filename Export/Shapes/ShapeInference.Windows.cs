namespace OneFractal.Export;

public static partial class ShapeInference
{
    private static TensorInfo[] Conv(InferenceContext c)
    {
        var (x, w) = (c.Input(0), c.Input(1));
        if (x.Shape is not { } input || w.Shape is not { } weight)
        {
            return [new TensorInfo(x.Type, null)];
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

        if (c.Optional(2)?.Shape is { } bias && (bias.Count != 1 || bias[0].Contradicts(weight[0])))
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
        return [new TensorInfo(x.Type, [input[0], weight[0], .. Space(c, input, kernel)])];
    }

    private static TensorInfo[] Pool(InferenceContext c)
    {
        var x = c.Input(0);
        var kernel = c.Node.GetInts("kernel_shape") ?? throw c.Error("has no kernel_shape");
        RequireSpace(c, x);
        var output = x with { Shape = x.Shape is { } s ? [s[0], s[1], .. Space(c, s, kernel)] : null };
        return [output, output with { Type = DataType.Int64 }];
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

    /// <summary>Output lengths of a sliding window over the dimensions from 2 on.</summary>
    private static Dim[] Space(InferenceContext c, IReadOnlyList<Dim> input, long[]? kernel)
    {
        var rank = input.Count - 2;
        if (kernel is null)
        {
            return [.. Enumerable.Repeat(Dim.Unknown, rank)];
        }

        long[] Ints(string name, long fallback, int count)
        {
            var values = c.Node.GetInts(name) ?? [.. Enumerable.Repeat(fallback, count)];
            return values.Length == count ? values : throw c.Error($"{name} needs {count} numbers");
        }

        var (strides, dilations, pads) = (Ints("strides", 1, rank), Ints("dilations", 1, rank), Ints("pads", 0, 2 * rank));
        var ceil = c.Node.GetInt("ceil_mode", 0) != 0;
        var auto = c.Node.GetString("auto_pad", "NOTSET");
        if (kernel.Length != rank || strides.Any(v => v < 1) || dilations.Any(v => v < 1) || kernel.Any(v => v < 1))
        {
            throw c.Error($"kernel_shape, strides and dilations must be {rank} positive numbers");
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
