using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Convolutions() =>
    [
        new("Conv", 1, c => CompileConv(c)),
        new("ConvTranspose", 1, CompileConvTranspose),
    ];

    private static Kernel CompileConv(NodeContext c, int weight = 1)
    {
        var window = SlidingWindow.Read(c, (c.Info(weight)?.Rank ?? c.Rank(0)) - 2);
        var group = c.Int("group", 1);
        if (window.Symmetric is { } padding)
        {
            return (inputs, _) => [Convolve(inputs[0]!, inputs[1]!, Optional(inputs, 2), window, padding, group)];
        }

        var none = new long[window.Rank];
        return (inputs, _) =>
        {
            var pads = window.PadsFor(inputs[0]!.shape.AsSpan(2), inputs[1]!.shape.AsSpan(2));
            using var padded = functional.pad(inputs[0]!, SlidingWindow.TorchOrder(pads));
            return [Convolve(padded, inputs[1]!, Optional(inputs, 2), window, none, group)];
        };
    }

    private static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, SlidingWindow window, long[] padding, long group)
    {
        var isPointwise = weight.shape.AsSpan(2).IndexOfAnyExcept(1) < 0 && padding.All(p => p == 0);
        if (!isPointwise || window.Strides.All(s => s == 1))
        {
            return Convolve(x, weight, bias, window.Strides, padding, window, group);
        }

        // libtorch 2.10's oneDNN divides by zero, which ends the process, in the gradient of some strided 1×1 convolutions, ResNet-50's among them:
        // take the points first.
        using var scope = NewDisposeScope();
        for (var i = 0; i < window.Rank; i++)
        {
            x = x.slice(i + 2, 0, x.shape[i + 2], window.Strides[i]);
        }

        return Convolve(x, weight, bias, [.. window.Strides.Select(_ => 1L)], padding, window, group).MoveToOuterDisposeScope();
    }

    private static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long[] strides, long[] padding, SlidingWindow window, long group)
    {
        return WholeChannelBlocks.Run(x, weight, bias, group, inputAxis: 1, (x, weight, bias) => window.Rank switch
        {
            1 => functional.conv1d(x, weight, bias, strides[0], padding[0], window.Dilations[0], group),
            2 => functional.conv2d(x, weight, bias, strides, padding, window.Dilations, group),
            _ => functional.conv3d(x, weight, bias, strides, padding, window.Dilations, group),
        });
    }

    private static Kernel CompileConvTranspose(NodeContext c)
    {
        var window = SlidingWindow.Read(c, (c.Info(1)?.Rank ?? c.Rank(0)) - 2);
        var rank = window.Rank;
        var group = c.Int("group", 1);
        var extra = c.Ints("output_padding") ?? new long[rank];
        var target = c.Ints("output_shape");
        if (extra.Length != rank || (target is not null && target.Length != rank))
        {
            throw c.Error($"output_padding and output_shape need {rank} numbers");
        }

        var fits = extra.Zip(window.Strides.Zip(window.Dilations)).All(p => p.First < Math.Max(p.Second.First, p.Second.Second));
        if (target is null && window.Symmetric is { } padding && fits)
        {
            return (inputs, _) => [ConvolveTransposed(inputs[0]!, inputs[1]!, Optional(inputs, 2), window, padding, extra, group)];
        }

        var none = new long[rank];
        return Scoped((inputs, _) =>
        {
            // All of it, then the wanted part; a negative length of what is cut off is a padding with zeros.
            var (x, weight) = (inputs[0]!, inputs[1]!);
            var full = ConvolveTransposed(x, weight, null, window, none, none, group);
            var cut = new long[2 * rank];
            for (var i = 0; i < rank; i++)
            {
                var natural = window.Strides[i] * (x.shape[i + 2] - 1) + extra[i] + window.Reach(i, weight.shape[i + 2]);
                var wanted = target is not null ? target[i] : window.AutoPad is "SAME_UPPER" or "SAME_LOWER" ? x.shape[i + 2] * window.Strides[i] : (long?)null;
                if (wanted is not { } length)
                {
                    (cut[i], cut[i + rank]) = (window.Pads[i], window.Pads[i + rank] - extra[i]);
                    continue;
                }

                var total = Math.Max(0, natural - length);
                cut[i] = SlidingWindow.SplitSame(window.AutoPad, total).Begin;
                cut[i + rank] = natural - length - cut[i] - extra[i];
            }

            var part = functional.pad(full, SlidingWindow.TorchOrder([.. cut.Select(v => -v)]));
            return [Optional(inputs, 2) is { } bias ? part + bias.reshape([-1, .. Enumerable.Repeat(1L, rank)]) : part];
        });
    }

    private static Tensor ConvolveTransposed(Tensor x, Tensor weight, Tensor? bias, SlidingWindow window, long[] padding, long[] extra, long group)
    {
        return WholeChannelBlocks.Run(x, weight, bias, group, inputAxis: 0, (x, weight, bias) => window.Rank switch
        {
            1 => functional.conv_transpose1d(x, weight, bias, window.Strides[0], padding[0], extra[0], window.Dilations[0], group),
            2 => functional.conv_transpose2d(x, weight, bias, window.Strides, padding, extra, window.Dilations, group),
            _ => functional.conv_transpose3d(x, weight, bias, window.Strides, padding, extra, window.Dilations, group),
        });
    }
}
