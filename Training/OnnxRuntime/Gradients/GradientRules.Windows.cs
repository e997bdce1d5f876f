namespace OneFractal.Training;

internal static partial class GradientRules
{
    private static Dictionary<string, GradientRule> Windows() => new()
    {
        ["Conv"] = Conv,
        ["MaxPool"] = MaxPool,
        ["AveragePool"] = AveragePool,
    };

    private static Value?[] Conv(GradientContext c)
    {
        var (g, x, weight, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var window = Window.Of(c, Lengths(weight));
        long[] sums = [0, .. Enumerable.Range(2, x.Shape.Count - 2).Select(i => (long)i)];
        var overBatch = IsOverBatch(x, window);
        var flat = overBatch ? window.WithoutFirst() : window;
        Value?[] result =
        [
            !c.Wants(0) ? null : overBatch ? InputOverBatch(g, dy, weight, x, flat) : ToInput(g, dy, weight, Lengths(x), window),
            !c.Wants(1) ? null : overBatch ? KernelOverBatch(g, x, dy, weight, flat) : ConvWeight(g, x, dy, weight, window),
            c.Count > 2 && c.Wants(2) ? g.ReduceSum(dy, false, sums) : null,
        ];
        return result[..c.Count];
    }

    /// <summary>
    /// The gradient of a kernel is a convolution itself: the input's with the gradient as the kernel, batch and channels exchanged, strides and dilations
    /// exchanged.
    /// </summary>
    private static Value ConvWeight(GraphBuilder g, Value x, Value dy, Value weight, Window window)
    {
        var (groups, rank) = (window.Groups, x.Shape.Count);
        long[] space = [.. Enumerable.Range(2, rank - 2).Select(i => (long)i)];
        long[] swap = [1, 0, .. space];
        Value images, kernels;
        if (groups == 1)
        {
            (images, kernels) = (g.Transpose(x, swap), g.Transpose(dy, swap));
        }
        else
        {
            var xSpace = Lengths(x);
            long[] after = [.. space.Select(i => i + 1)];
            var split = g.Reshape(x, [-1, groups, x.Length(1) / groups, .. xSpace]);
            images = g.Reshape(g.Transpose(split, [2, 1, 0, .. after]), [x.Length(1) / groups, -1, .. xSpace]);
            kernels = g.Transpose(dy, swap);
        }

        long[] ends = window.Ends(Lengths(x), Lengths(dy));
        var full = g.Node(
            "Conv", [images, kernels], ("strides", window.Dilations), ("dilations", window.Strides), ("pads", (long[])[.. window.Pads[..space.Length], .. ends]),
            ("group", (int)groups));
        // Elements that no window meets at the end of the input leave room beyond the kernel.
        full = Cut(g, full, 2, window.Kernel);
        return g.ReshapeLike(g.Transpose(full, swap), weight);
    }

    /// <summary>Cuts off what is beyond the lengths given, from that axis on.</summary>
    private static Value Cut(GraphBuilder g, Value x, int firstAxis, long[] lengths)
    {
        for (var i = 0; i < lengths.Length; i++)
        {
            x = x.Length(i + firstAxis) > lengths[i] ? g.Slice(x, i + firstAxis, 0, lengths[i]) : x;
        }

        return x;
    }

    /// <summary>All lengths but those of batch and channels.</summary>
    private static long[] Lengths(Value x) => [.. x.Shape.Skip(2).Select(d => d.Value!.Value)];

    /// <summary>The gradient of a window's input: the transposed convolution, whose output has exactly the input's size.</summary>
    private static Value ToInput(GraphBuilder g, Value dy, Value weight, long[] space, Window window)
    {
        var n = window.Kernel.Length;
        var (ends, extra) = (new long[n], new long[n]);
        for (var i = 0; i < n; i++)
        {
            var reach = (dy.Length(i + 2) - 1) * window.Strides[i] + window.Dilations[i] * (window.Kernel[i] - 1) + 1 - window.Pads[i];
            ends[i] = Math.Max(0, reach - space[i]);
            extra[i] = Math.Max(0, space[i] - reach);
        }

        return g.Node(
            "ConvTranspose", [dy, weight], ("strides", window.Strides), ("dilations", window.Dilations), ("pads", (long[])[.. window.Pads[..n], .. ends]),
            ("output_padding", extra), ("group", (int)window.Groups));
    }

    private static Value?[] MaxPool(GradientContext c)
    {
        var (g, x, dy) = (c.Graph, c.Input(0), c.Gradient);
        var indices = ExtraOutput(c, 1, "indices", new TensorInfo(DataType.Int64, dy.Shape));
        if (c.Node.GetInt("storage_order", 0) != 0)
        {
            throw c.Error("counts its indices by columns");
        }

        // Zeros of a constant size would be stored with the graph. Their number is computed from dy, because to ask for x's would keep x until here.
        var count = g.Add(g.Node("Size", [dy]), g.Int64(x.Count() - dy.Count()));
        var zeros = g.Node("ConstantOfShape", [g.Reshape(count, 1)], ("value", TensorProtoExtensions.Float("", [1], [0f])));
        var scattered = g.Node("ScatterElements", [zeros, g.Reshape(indices, -1), g.Reshape(dy, -1)], ("axis", 0), ("reduction", "add"));
        return [g.ReshapeLike(scattered, x)];
    }

    private static Value?[] AveragePool(GradientContext c)
    {
        var (g, x, dy) = (c.Graph, c.Input(0), c.Gradient);
        var window = Window.Of(c, c.Node.GetInts("kernel_shape")!) with { Groups = x.Length(1) };
        var padded = c.Node.GetInt("count_include_pad", 0) != 0;
        // Each output is a sum over its window divided by how many elements it counts there.
        var counts = window.Counts(Lengths(x), Lengths(dy), padded);
        var shares = g.Constant($"{c.Node.Output[0]}.grad.shares", () => TensorProtoExtensions.Float("", [1, 1, .. Lengths(dy)], [.. counts.Select(n => 1f / n)]));
        var kernel = g.Filled(1, [x.Length(1), 1, .. window.Kernel]);
        return [ToInput(g, g.Mul(dy, shares), kernel, Lengths(x), window)];
    }
}
