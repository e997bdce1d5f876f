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
        var window = Window.Of(c, [.. weight.Shape.Skip(2).Select(d => d.Value!.Value)]);
        long[] sums = [0, .. Enumerable.Range(2, x.Shape.Count - 2).Select(i => (long)i)];
        Value?[] result =
        [
            c.Wants(0) ? ToInput(g, dy, weight, x, window) : null,
            c.Wants(1) ? ConvWeight(g, x, dy, weight, window) : null,
            c.Count > 2 && c.Wants(2) ? g.ReduceSum(dy, false, sums) : null,
        ];
        return result[..c.Count];
    }

    /// <summary>
    /// The gradient of a kernel is a convolution itself: the input's with the gradient as the kernel, batch and channels exchanged, strides and dilations
    /// exchanged. Elements beyond the kernel, which a stride can leave over, are cut off.
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
            long[] xSpace = [.. space.Select(i => x.Length((int)i))], ySpace = [.. space.Select(i => dy.Length((int)i))];
            long[] after = [.. space.Select(i => i + 1)];
            var split = g.Reshape(x, [-1, groups, x.Length(1) / groups, .. xSpace]);
            images = g.Reshape(g.Transpose(split, [2, 1, 0, .. after]), [x.Length(1) / groups, -1, .. xSpace]);
            kernels = g.Transpose(dy, swap);
        }

        var full = g.Node(
            "Conv", [images, kernels], ("strides", window.Dilations), ("dilations", window.Strides), ("pads", window.Pads), ("group", (int)groups));
        for (var i = 0; i < space.Length; i++)
        {
            var (have, need) = (full.Length(i + 2), window.Kernel[i]);
            full = have > need ? g.Slice(full, i + 2, 0, need)
                // Where the input ends before the kernel's last element, that element never met it.
                : have < need ? g.Pad(full, new long[rank], [0, 0, .. space.Select((_, j) => j == i ? need - have : 0)])
                : full;
        }

        return g.ReshapeLike(g.Transpose(full, swap), weight);
    }

    /// <summary>The gradient of a window's input: the transposed convolution, whose output has exactly the input's size.</summary>
    private static Value ToInput(GraphBuilder g, Value dy, Value weight, Value x, Window window)
    {
        var n = window.Kernel.Length;
        var (ends, extra) = (new long[n], new long[n]);
        for (var i = 0; i < n; i++)
        {
            var reach = (dy.Length(i + 2) - 1) * window.Strides[i] + window.Dilations[i] * (window.Kernel[i] - 1) + 1 - window.Pads[i];
            ends[i] = Math.Max(0, reach - x.Length(i + 2));
            extra[i] = Math.Max(0, x.Length(i + 2) - reach);
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

        var zeros = g.Node("ConstantOfShape", [g.Reshape(g.Node("Size", [x]), 1)], ("value", TensorProtoExtensions.Float("", [1], [0f])));
        var scattered = g.Node("ScatterElements", [zeros, g.Reshape(indices, -1), g.Reshape(dy, -1)], ("axis", 0), ("reduction", "add"));
        return [g.ReshapeLike(scattered, x)];
    }

    private static Value?[] AveragePool(GradientContext c)
    {
        var (g, x, dy) = (c.Graph, c.Input(0), c.Gradient);
        var window = Window.Of(c, c.Node.GetInts("kernel_shape")!) with { Groups = x.Length(1) };
        var padded = c.Node.GetInt("count_include_pad", 0) != 0;
        // Each output is a sum over its window divided by how many elements it counts there.
        var counts = window.Counts([.. x.Shape.Skip(2).Select(d => d.Value!.Value)], [.. dy.Shape.Skip(2).Select(d => d.Value!.Value)], padded);
        var weights = TensorProtoExtensions.Float($"{c.Node.Output[0]}.grad.shares", [1, 1, .. dy.Shape.Skip(2).Select(d => d.Value!.Value)], [.. counts.Select(n => 1f / n)]);
        var kernel = g.Filled(1, [x.Length(1), 1, .. window.Kernel]);
        return [ToInput(g, g.Mul(dy, g.Initializer(weights)), kernel, x, window)];
    }
}
