namespace OneFractal.Training;

internal static partial class GradientRules
{
    // Convolutions of a whole batch at once, [1, channels, batch, height, width], whose kernel has length 1 along the batch (ChannelsFirst makes them).

    /// <summary>
    /// Elements of the largest matrix that places what a kernel spreads, for which products with it are faster than another way (measured on two cores): than the convolution
    /// with the turned kernel, which there is for strides of 1, and than a ConvTranspose.
    /// </summary>
    private const long LargestPlacement = 1 << 10, LargestStridedPlacement = 1 << 14;

    private static bool IsOverBatch(Value x, Window window)
    {
        return x.Shape.Count == 5 && x.Length(0) == 1 && window.Groups == 1 && window.Kernel[0] == 1 && window.Strides[0] == 1 && window.Pads[0] == 0 && window.Pads[3] == 0;
    }

    /// <summary>
    /// The gradient of the kernel: a convolution of the input with the gradient as its kernel, in which the batch takes the place of the channels and the
    /// channels are one more axis. Their place is last where rows of channels are long, which the convolution gathers fastest; else first, so that
    /// the result needs no transpose.
    /// </summary>
    private static Value KernelOverBatch(GraphBuilder g, Value x, Value dy, Value weight, Window window)
    {
        var (channels, filters, batch) = (x.Length(1), dy.Length(1), x.Length(2));
        long[] space = Lengths(x)[1..], places = Lengths(dy)[1..];
        if (window.IsPoint)
        {
            var seen = window.Strides.All(s => s == 1) ? x
                : g.Node("AveragePool", [g.Reshape(x, [channels, batch, .. space])], ("kernel_shape", (long[])[1, 1]), ("strides", window.Strides));
            return g.ReshapeLike(g.Node("Gemm", [g.Reshape(dy, filters, -1), g.Reshape(seen, channels, -1)], ("transB", 1)), weight);
        }

        const int LongRow = 16, ManyPlaces = 32;
        var isLast = channels >= LongRow && places[0] * places[1] >= ManyPlaces;
        long[] With(long channel, long[] both) => isLast ? [.. both, channel] : [channel, .. both];
        long[] ends = window.Ends(space, places);
        var images = isLast ? g.Transpose(g.Reshape(x, channels, -1), 1, 0) : g.Transpose(g.Reshape(x, [channels, batch, .. space]), 1, 0, 2, 3);
        var full = g.Node(
            "Conv", [g.Reshape(images, [1, batch, .. With(channels, space)]), g.Reshape(dy, [filters, batch, .. With(1, places)])],
            ("strides", With(1, window.Dilations)), ("dilations", With(1, window.Strides)), ("pads", (long[])[.. With(0, window.Pads[..2]), .. With(0, ends)]));
        full = Cut(g, full, isLast ? 2 : 3, window.Kernel);
        return g.ReshapeLike(isLast ? g.Transpose(full, 0, 1, 4, 2, 3) : full, weight);
    }

    /// <summary>The gradient of the input, in the form that is fastest for its size.</summary>
    private static Value InputOverBatch(GraphBuilder g, Value dy, Value weight, Value x, Window window)
    {
        var (channels, filters, batch) = (x.Length(1), dy.Length(1), x.Length(2));
        long[] space = Lengths(x)[1..], places = Lengths(dy)[1..];
        var (kernel, inputs, outputs) = (window.Kernel[0] * window.Kernel[1], space[0] * space[1], places[0] * places[1]);
        var isStep = window.Strides.All(s => s == 1);
        if ((window.IsPoint && isStep) || kernel * outputs * inputs <= (isStep ? LargestPlacement : LargestStridedPlacement))
        {
            // What each element of the kernel makes of each gradient, [channels · kernel, batch · places], is added where it belongs.
            var parts = g.Node("Gemm", [g.Reshape(weight, filters, -1), g.Reshape(dy, filters, -1)], ("transA", 1));
            if (window.IsPoint && isStep)
            {
                return g.ReshapeLike(parts, x);
            }

            var rows = g.Transpose(g.Reshape(parts, channels, kernel, batch, outputs), 0, 2, 1, 3);
            return g.ReshapeLike(g.MatMul(g.Reshape(rows, channels * batch, kernel * outputs), Placement(g, window, space, places)), x);
        }

        long[] reach = [.. window.Kernel.Zip(window.Dilations, (k, d) => d * (k - 1))];
        long[] pads = [.. window.Pads.Select((p, i) => reach[i % 2] - p)];
        if (isStep && pads.All(p => p >= 0))
        {
            // The convolution of the gradient with the kernel, filters and channels exchanged and turned by half.
            var turned = g.MatMul(g.Transpose(g.Reshape(weight, filters, channels, kernel), 1, 0, 2), Reversal(g, kernel));
            return g.Node(
                "Conv", [dy, g.Reshape(turned, [channels, filters, 1, .. window.Kernel])],
                ("dilations", (long[])[1, .. window.Dilations]), ("pads", (long[])[0, .. pads[..2], 0, .. pads[2..]]));
        }

        var images = g.Transpose(g.Reshape(dy, [filters, batch, .. places]), 1, 0, 2, 3);
        var result = ToInput(g, images, g.Reshape(weight, [filters, channels, .. window.Kernel]), space, window);
        return g.ReshapeLike(g.Transpose(result, 1, 0, 2, 3), x);
    }

    /// <summary>[kernel · outputs, inputs]: 1 where that element of the kernel, in the window of that output, meets that input.</summary>
    private static Value Placement(GraphBuilder g, Window window, long[] inputs, long[] outputs)
    {
        return g.Constant($"const.placement({window.Describe()})[{string.Join(",", inputs.Concat(outputs))}]", () =>
        {
            var (rows, width) = (window.Kernel[0] * window.Kernel[1] * outputs[0] * outputs[1], inputs[0] * inputs[1]);
            var values = new float[rows * width];
            for (var row = 0L; row < rows; row++)
            {
                var (k, o) = Math.DivRem(row, outputs[0] * outputs[1]);
                long[] tap = [k / window.Kernel[1], k % window.Kernel[1]], place = [o / outputs[1], o % outputs[1]];
                long[] met = [.. Enumerable.Range(0, 2).Select(i => place[i] * window.Strides[i] - window.Pads[i] + tap[i] * window.Dilations[i])];
                if (met[0] >= 0 && met[0] < inputs[0] && met[1] >= 0 && met[1] < inputs[1])
                {
                    values[row * width + met[0] * inputs[1] + met[1]] = 1;
                }
            }

            return TensorProtoExtensions.Float("", [rows, width], values);
        });
    }

    /// <summary>A product with this reverses the last dimension.</summary>
    private static Value Reversal(GraphBuilder g, long length)
    {
        return g.Constant($"const.reversal[{length}]", () =>
        {
            var values = new float[length * length];
            for (var i = 0; i < length; i++)
            {
                values[i * length + length - 1 - i] = 1;
            }

            return TensorProtoExtensions.Float("", [length, length], values);
        });
    }
}
