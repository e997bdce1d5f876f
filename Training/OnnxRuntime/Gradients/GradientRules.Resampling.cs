namespace OneFractal.Training;

internal static partial class GradientRules
{
    private static Dictionary<string, GradientRule> Resampling() => new()
    {
        ["ConvTranspose"] = ConvTranspose,
        ["Resize"] = c => [Resize(c), .. Enumerable.Repeat<Value?>(null, c.Count - 1)],
        ["DepthToSpace"] = c => [DepthToSpace(c)],
        ["SpaceToDepth"] = c => [c.Graph.Node("DepthToSpace", [c.Gradient], ("blocksize", c.Node.GetInt("blocksize", 1)))],
        ["Tile"] = Tile,
    };

    /// <summary>The convolution that the operator is the transpose of, whose kernel has the same layout.</summary>
    private static Value?[] ConvTranspose(GradientContext c)
    {
        var (g, x, weight, dy) = (c.Graph, c.Input(0), c.Input(1), c.Gradient);
        var window = Transposed(c);
        Value?[] result =
        [
            c.Wants(0) ? Cut(g, g.Node(
                "Conv", [dy, weight], ("strides", window.Strides), ("dilations", window.Dilations), ("pads", window.Pads), ("group", window.Groups)), 2, Lengths(x)) : null,
            c.Wants(1) ? ConvWeight(g, dy, x, weight, window) : null,
            c.Count > 2 && c.Wants(2) ? g.ReduceSum(dy, false, [0, .. Space(x)]) : null,
        ];
        return result[..c.Count];
    }

    private static Window Transposed(GradientContext c)
    {
        var (x, y, weight) = (c.Input(0), c.Output(), c.Input(1));
        var n = x.Shape.Count - 2;
        long[] ones = [.. Enumerable.Repeat(1L, n)];
        long[] kernel = [.. weight.Shape.Skip(2).Select(d => d.Value!.Value)];
        var (strides, dilations, extra) = (c.Node.GetInts("strides") ?? ones, c.Node.GetInts("dilations") ?? ones, c.Node.GetInts("output_padding") ?? new long[n]);
        var pads = c.Node.GetInts("pads") ?? new long[2 * n];
        var automatic = c.Node.GetString("auto_pad", "NOTSET");
        if (automatic != "NOTSET" || c.Node.GetInts("output_shape") is not null)
        {
            pads = new long[2 * n];
            for (var i = 0; i < n; i++)
            {
                var total = strides[i] * (x.Length(i + 2) - 1) + extra[i] + dilations[i] * (kernel[i] - 1) + 1 - y.Length(i + 2);
                (pads[i], pads[i + n]) = total >= 0 ? SlidingWindow.SplitSame(automatic, total) : throw c.Error("is longer than its windows reach");
            }
        }

        return new Window(kernel, strides, dilations, pads, c.Node.GetInt("group", 1));
    }

    /// <summary>Each axis is a product with a matrix of weights; its gradient is the product with the transposed one.</summary>
    private static Value Resize(GradientContext c)
    {
        var (g, x, gradient) = (c.Graph, c.Input(0), c.Gradient);
        var (mode, coordinates) = (c.Node.GetString("mode", "nearest"), c.Node.GetString("coordinate_transformation_mode", "half_pixel"));
        if (coordinates == "tf_crop_and_resize" || c.Node.GetString("keep_aspect_ratio_policy", "stretch") != "stretch")
        {
            throw c.Error("crops, or keeps the aspect ratio");
        }

        var rounding = c.Node.GetString("nearest_mode", "round_prefer_floor");
        var cubic = mode == "cubic" ? c.Node.GetFloat("cubic_coeff_a", -0.75f) : (double?)null;
        var (antialias, excludeOutside) = (c.Node.GetInt("antialias", 0) != 0, c.Node.GetInt("exclude_outside", 0) != 0);
        var rank = x.Shape.Count;
        var named = (c.Node.GetInts("axes") ?? [.. Enumerable.Range(0, rank).Select(i => (long)i)]).Select(a => (int)(a < 0 ? a + rank : a)).ToArray();
        var scales = c.Node.InputOrNull(3) is null ? c.Input(2).Info.Floats ?? throw c.Error("needs input 2 to be constant") : null;
        for (var i = 0; i < named.Length; i++)
        {
            var dim = named[i];
            var (input, output) = (x.Length(dim), c.Output().Length(dim));
            var axis = new ResizeAxis(input, output, scales?[i] ?? (double)output / input, (0, 1));
            if (axis.IsIdentity(coordinates))
            {
                continue;
            }

            var weights = new float[output * input];
            if (mode == "nearest")
            {
                foreach (var (place, from) in axis.Nearest(coordinates, rounding).Select((from, place) => (place, from)))
                {
                    weights[place * input + from] = 1;
                }
            }
            else
            {
                weights = [.. axis.Weights(coordinates, cubic, antialias, excludeOutside).Select(w => (float)w)];
            }

            var matrix = g.Constant($"{c.Node.Output[0]}.grad.weights{dim}", () => TensorProtoExtensions.Float("", [output, input], weights));
            long[] swap = [.. Enumerable.Range(0, rank).Select(d => (long)(d == dim ? rank - 1 : d == rank - 1 ? dim : d))];
            gradient = dim == rank - 1 ? g.MatMul(gradient, matrix) : g.Transpose(g.MatMul(g.Transpose(gradient, swap), matrix), swap);
        }

        return gradient;
    }

    private static Value DepthToSpace(GradientContext c)
    {
        var (g, x, dy) = (c.Graph, c.Input(0), c.Gradient);
        var block = c.Node.GetInt("blocksize", 1);
        if (c.Node.GetString("mode", "DCR") == "DCR")
        {
            return g.Node("SpaceToDepth", [dy], ("blocksize", block));
        }

        // Channels come first, then the places in a block.
        var parts = g.Reshape(dy, 0, x.Length(1) / (block * block), x.Length(2), block, x.Length(3), block);
        return g.ReshapeLike(g.Transpose(parts, 0, 1, 3, 5, 2, 4), x);
    }

    /// <summary>The gradient of what was repeated is the sum over its copies.</summary>
    private static Value?[] Tile(GradientContext c)
    {
        var (g, x) = (c.Graph, c.Input(0));
        var repeats = c.Ints("repeats", 1)!;
        var parts = g.Reshape(c.Gradient, [.. repeats.SelectMany((r, i) => new[] { r, x.Length(i) })]);
        return [g.ReduceSum(parts, false, [.. repeats.Select((_, i) => 2L * i)]), null];
    }
}
