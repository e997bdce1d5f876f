using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Pooling() =>
    [
        new("MaxPool", 1, CompileMaxPool),
        new("AveragePool", 1, CompileAveragePool),
        new("LpPool", 2, CompileLpPool),
        new("MaxUnpool", 9, CompileMaxUnpool),
        Unary("GlobalAveragePool", 1, x => x.mean(Space(x), keepdim: true)),
        Unary("GlobalMaxPool", 1, x => x.amax(Space(x), keepdim: true)),
        new("GlobalLpPool", 2, c =>
        {
            var p = c.Int("p", 2);
            return (inputs, _) => [linalg.vector_norm(inputs[0]!, p, Space(inputs[0]!), keepdim: true)];
        }),
    ];

    /// <summary>The axes after batch and channels.</summary>
    private static long[] Space(Tensor x) => [.. Enumerable.Range(2, (int)x.Dimensions - 2).Select(i => (long)i)];

    private static SlidingWindow ReadPool(NodeContext c)
    {
        var kernel = c.Ints("kernel_shape") ?? throw c.Error("has no kernel_shape");
        return SlidingWindow.Read(c, kernel.Length);
    }

    /// <summary>Whether torch's own poolings take the padding: as long at both ends and at most half of the window.</summary>
    private static long[]? TorchPadding(SlidingWindow window)
    {
        return window.Symmetric is { } pads && !pads.Where((p, i) => 2 * p > window.Kernel![i]).Any() ? pads : null;
    }

    /// <summary>Padding that makes all windows full: at the beginnings as asked, at the ends as far as the last window reaches.</summary>
    private static (long[] Pads, long[] Output) FullWindows(SlidingWindow window, long[] space)
    {
        var rank = window.Rank;
        var pads = window.PadsFor(space, window.Kernel);
        var output = window.Output(space, window.Kernel, pads);
        long[] full = [.. pads[..rank], .. Enumerable.Range(0, rank).Select(i =>
            Math.Max(0, (output[i] - 1) * window.Strides[i] + window.Reach(i, window.Kernel![i]) - space[i] - pads[i]))];
        return (full, output);
    }

    private static Kernel CompileMaxPool(NodeContext c)
    {
        var window = ReadPool(c);
        var rank = window.Rank;
        var columnMajor = c.Flag("storage_order");
        var padding = TorchPadding(window);
        if (!c.Wants(1) && padding is not null && c.Info(0)?.Type is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16)
        {
            return (inputs, _) => [MaxPool(inputs[0]!, window, padding, window.CeilMode)];
        }

        var wantsIndices = c.Wants(1);
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            // Eight-bit numbers are exact in float32, wider ones in float64 up to 2⁵³.
            var values = x.is_floating_point() ? x : x.to(x.dtype is ScalarType.Int8 or ScalarType.Byte ? ScalarType.Float32 : ScalarType.Float64);
            var space = x.shape[2..];
            var (pads, _) = FullWindows(window, space);
            var padded = pads.All(p => p == 0) ? values : functional.pad(values, SlidingWindow.TorchOrder(pads), value: double.NegativeInfinity);
            if (!wantsIndices)
            {
                return [MaxPool(padded, window, new long[rank], ceil: false).to(x.dtype)];
            }

            var (largest, index) = MaxPoolWithIndices(padded, window);
            return [largest.to(x.dtype), IndexInInput(index, padded.shape[2..], space, pads, columnMajor)];
        });
    }

    private static Tensor MaxPool(Tensor x, SlidingWindow window, long[] padding, bool ceil) => window.Rank switch
    {
        1 => functional.max_pool1d(x, window.Kernel![0], window.Strides[0], padding[0], window.Dilations[0], ceil),
        2 => functional.max_pool2d(x, window.Kernel!, window.Strides, padding, window.Dilations, ceil),
        _ => functional.max_pool3d(x, window.Kernel!, window.Strides, padding, window.Dilations, ceil),
    };

    private static (Tensor Values, Tensor Indices) MaxPoolWithIndices(Tensor x, SlidingWindow window) => window.Rank switch
    {
        1 => functional.max_pool1d_with_indices(x, window.Kernel![0], window.Strides[0], 0, window.Dilations[0]),
        2 => functional.max_pool2d_with_indices(x, window.Kernel!, window.Strides, new long[2], window.Dilations),
        _ => functional.max_pool3d_with_indices(x, window.Kernel!, window.Strides, new long[3], window.Dilations),
    };

    /// <summary>From places in the padded space of one channel to places in the whole input.</summary>
    private static Tensor IndexInInput(Tensor index, long[] padded, long[] space, long[] pads, bool columnMajor)
    {
        var rank = space.Length;
        var places = new Tensor[rank];
        var rest = index;
        for (var i = rank - 1; i >= 0; i--)
        {
            places[i] = rest.remainder(padded[i]) - pads[i];
            rest = rest.div(padded[i], RoundingMode.trunc);
        }

        var result = zeros_like(index);
        foreach (var i in columnMajor ? Enumerable.Range(0, rank).Reverse() : Enumerable.Range(0, rank))
        {
            result = result * space[i] + places[i];
        }

        var planes = arange(index.shape[0] * index.shape[1], dtype: ScalarType.Int64, device: index.device) * Product(space);
        return result + planes.reshape([index.shape[0], index.shape[1], .. Enumerable.Repeat(1L, rank)]);
    }

    private static Kernel CompileAveragePool(NodeContext c)
    {
        var window = ReadPool(c);
        var countPadding = c.Flag("count_include_pad");
        if (TorchPadding(window) is { } padding && window.Dilations.All(d => d == 1))
        {
            return (inputs, _) => [AveragePool(inputs[0]!, window, padding, countPadding)];
        }

        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var space = x.shape[2..];
            var (pads, _) = FullWindows(window, space);
            var asked = window.PadsFor(space, window.Kernel);
            // What a window counts: the input, and the padding that was asked for, but not what only fills a last window.
            using var counted = ones([1, 1, .. space.Select((d, i) => countPadding ? d + asked[i] + asked[i + window.Rank] : d)], dtype: x.dtype, device: x.device);
            long[] around = [.. pads.Select((p, i) => countPadding ? p - asked[i] : p)];
            return [SumPool(x, window, pads) / SumPool(counted, window, around)];
        });
    }

    private static Tensor AveragePool(Tensor x, SlidingWindow window, long[] padding, bool countPadding) => window.Rank switch
    {
        1 => functional.avg_pool1d(x, window.Kernel![0], window.Strides[0], padding[0], window.CeilMode, countPadding),
        2 => functional.avg_pool2d(x, window.Kernel!, window.Strides, padding, window.CeilMode, countPadding),
        _ => functional.avg_pool3d(x, window.Kernel!, window.Strides, padding, window.CeilMode, countPadding),
    };

    /// <summary>Sums of windows: a convolution of every channel with ones, which has dilation.</summary>
    private static Tensor SumPool(Tensor x, SlidingWindow window, long[] pads)
    {
        var shape = x.shape;
        using var planes = x.reshape([shape[0] * shape[1], 1, .. shape[2..]]);
        using var padded = functional.pad(planes, SlidingWindow.TorchOrder(pads));
        using var weight = ones([1, 1, .. window.Kernel!], dtype: x.dtype, device: x.device);
        using var sums = Convolve(padded, weight, null, window, new long[window.Rank], 1);
        return sums.reshape([shape[0], shape[1], .. sums.shape[2..]]);
    }

    private static Kernel CompileLpPool(NodeContext c)
    {
        var window = ReadPool(c);
        var p = c.Int("p", 2);
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var (pads, _) = FullWindows(window, x.shape[2..]);
            return p switch
            {
                1 => [SumPool(x.abs(), window, pads)],
                2 => [SumPool(x.square(), window, pads).sqrt()],
                _ => [SumPool(x.abs().pow(p), window, pads).pow(1.0 / p)],
            };
        });
    }

    private static Kernel CompileMaxUnpool(NodeContext c)
    {
        var window = ReadPool(c);
        var target = c.Integers(2);
        return Scoped((inputs, _) =>
        {
            var (x, indices) = (inputs[0]!, inputs[1]!);
            var rank = window.Rank;
            long[] space = [.. Enumerable.Range(0, rank).Select(i =>
                (x.shape[i + 2] - 1) * window.Strides[i] + window.Kernel![i] - window.Pads[i] - window.Pads[i + rank])];
            long[] shape = [x.shape[0], x.shape[1], .. space];
            var flat = zeros([Product(shape)], dtype: x.dtype, device: x.device).scatter(0, indices.reshape(-1), x.reshape(-1)).reshape(shape);
            // Indices are places in that space, even where a larger output is asked for.
            return [target is null ? flat.alias() : functional.pad(
                flat, SlidingWindow.TorchOrder([.. new long[rank], .. target(inputs)[2..].Select((d, i) => d - space[i])]))];
        });
    }
}
