using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Layout() =>
    [
        new("Reshape", 5, CompileReshape),
        new("Flatten", 1, c =>
        {
            var axis = c.Int("axis", 1);
            return (inputs, _) =>
            {
                var shape = inputs[0]!.shape;
                var split = Positive(axis, shape.Length);
                return [inputs[0]!.reshape(Product(shape.Take(split)), Product(shape.Skip(split)))];
            };
        }),
        new("Transpose", 1, c =>
        {
            var permutation = c.Ints("perm") ?? [.. Enumerable.Range(0, c.Rank(0)).Reverse().Select(i => (long)i)];
            return (inputs, _) => [inputs[0]!.permute(permutation)];
        }),
        new("Squeeze", 1, CompileSqueeze),
        new("Unsqueeze", 1, c =>
        {
            var axes = c.Integers(1, "axes") ?? throw c.Error("has no axes");
            return (inputs, _) => [Unsqueeze(inputs[0]!, axes(inputs))];
        }),
        new("Expand", 8, c =>
        {
            var target = c.Integers(1)!;
            return (inputs, _) => [Expand(inputs[0]!, target(inputs))];
        }),
        new("Concat", 4, c =>
        {
            var axis = c.Int("axis", 0);
            return (inputs, _) => [cat([.. inputs.Select(i => i!)], axis)];
        }),
        new("Split", 2, CompileSplit),
        new("Slice", 1, c => CompileSlice(c, c.Ints("starts") ?? [], c.Ints("ends") ?? [])),
        new("Slice", 10, CompileSlice),
        new("Pad", 2, c =>
        {
            var pads = c.Ints("pads") ?? [];
            return CompilePad(c, _ => pads, c.Float("value", 0), null);
        }),
        // From opset 11 on pads and value are inputs; from 18 on, there may be axes.
        new("Pad", 11, c => CompilePad(c, c.Integers(1)!, c.Node.InputOrNull(2) is null ? 0 : c.Scalar(2), c.Integers(3))),
        new("Tile", 6, c =>
        {
            var repeats = c.Integers(1)!;
            return (inputs, _) =>
            {
                var times = repeats(inputs);
                SizeLimit.Require(times.Aggregate((double)inputs[0]!.numel(), (product, r) => product * r));
                return [inputs[0]!.repeat(times)];
            };
        }),
        new("DepthToSpace", 1, CompileDepthToSpace),
        new("SpaceToDepth", 1, CompileSpaceToDepth),
        new("Trilu", 14, c =>
        {
            var (upper, diagonal) = (c.Flag("upper", true), c.Integers(1));
            return (inputs, _) =>
            {
                var k = diagonal?.Invoke(inputs)[0] ?? 0;
                return [upper ? inputs[0]!.triu(k) : inputs[0]!.tril(k)];
            };
        }),
        new("Size", 1, _ => (inputs, _) => [tensor(inputs[0]!.numel())]),
        new("Shape", 1, c => (inputs, _) =>
        {
            var shape = inputs[0]!.shape;
            return [tensor(shape, dtype: ScalarType.Int64)];
        }),
        new("Shape", 15, c =>
        {
            var (start, end) = (c.Int("start", 0), c.Int("end", long.MaxValue));
            return (inputs, _) =>
            {
                var shape = inputs[0]!.shape;
                var from = (int)Math.Clamp(start < 0 ? start + shape.Length : start, 0, shape.Length);
                var to = (int)Math.Clamp(end < 0 ? end + shape.Length : end, from, shape.Length);
                return [tensor(shape[from..to], dtype: ScalarType.Int64)];
            };
        }),
    ];

    private static Kernel CompileReshape(NodeContext c)
    {
        var target = c.Integers(1)!;
        var allowZero = c.Int("allowzero", 0) != 0;
        return (inputs, _) =>
        {
            var shape = target(inputs);
            if (!allowZero && shape.Contains(0))
            {
                var from = inputs[0]!.shape;
                shape = [.. shape.Select((d, i) => d == 0 ? from[i] : d)];
            }

            return [inputs[0]!.reshape(shape)];
        };
    }

    private static Kernel CompileSqueeze(NodeContext c)
    {
        var axes = c.Integers(1, "axes");
        return (inputs, _) =>
        {
            var x = inputs[0]!;
            if (axes is null)
            {
                return [x.squeeze()];
            }

            var drop = axes(inputs).Select(a => a < 0 ? a + x.Dimensions : a).ToHashSet();
            return [x.reshape([.. x.shape.Where((_, i) => !drop.Contains(i))])];
        };
    }

    private static Tensor Unsqueeze(Tensor x, long[] axes)
    {
        var rank = (int)x.Dimensions + axes.Length;
        var inserted = axes.Select(a => a < 0 ? a + rank : a).ToHashSet();
        var rest = new Queue<long>(x.shape);
        return x.reshape([.. Enumerable.Range(0, rank).Select(i => inserted.Contains(i) ? 1 : rest.Dequeue())]);
    }

    /// <summary>ONNX broadcasts both ways: a 1 in the target keeps the input's dimension.</summary>
    private static Tensor Expand(Tensor x, long[] target)
    {
        var shape = x.shape;
        var result = new long[Math.Max(shape.Length, target.Length)];
        for (var i = 1; i <= result.Length; i++)
        {
            var (have, want) = (i <= shape.Length ? shape[^i] : 1, i <= target.Length ? target[^i] : 1);
            result[^i] = want == 1 ? have : want;
        }

        return x.expand(SizeLimit.Require(result));
    }

    private static Kernel CompileSplit(NodeContext c)
    {
        var (axis, count) = (c.Int("axis", 0), c.Node.Output.Count);
        var sizes = c.Integers(1, "split");
        c.Ignore("num_outputs");
        return (inputs, _) =>
        {
            if (sizes is not null)
            {
                return inputs[0]!.split(sizes(inputs), axis);
            }

            // Equal parts; from opset 18 on the last may be smaller.
            var length = inputs[0]!.shape[Positive(axis, inputs[0]!.Dimensions)];
            var part = (length + count - 1) / count;
            return inputs[0]!.split([.. Enumerable.Range(0, count).Select(i => Math.Clamp(length - i * part, 0, part))], axis);
        };
    }

    private static Kernel CompileSlice(NodeContext c)
    {
        var (starts, ends, axes, steps) = (c.Integers(1)!, c.Integers(2)!, c.Integers(3), c.Integers(4));
        return (inputs, _) => [Slice(inputs[0]!, starts(inputs), ends(inputs), axes?.Invoke(inputs), steps?.Invoke(inputs))];
    }

    private static Kernel CompileSlice(NodeContext c, long[] starts, long[] ends)
    {
        var axes = c.Ints("axes");
        return (inputs, _) => [Slice(inputs[0]!, starts, ends, axes, null)];
    }

    private static Tensor Slice(Tensor x, long[] starts, long[] ends, long[]? axes, long[]? steps)
    {
        var result = x.alias();
        for (var i = 0; i < starts.Length; i++)
        {
            using var before = result;
            var axis = Positive(axes?[i] ?? i, x.Dimensions);
            var (length, step) = (before.shape[axis], steps?[i] ?? 1);
            // Backwards, −1 is the place before the first element.
            var (low, high) = step > 0 ? (0L, length) : (-1L, length - 1);
            var from = Math.Clamp(starts[i] < 0 ? starts[i] + length : starts[i], Math.Min(0, high), high);
            var to = Math.Clamp(ends[i] < 0 ? ends[i] + length : ends[i], low, high);
            // Steps beyond the length all take one element; the largest and smallest integers stand for "to the end".
            step = Math.Clamp(step, -length - 1, length + 1);
            var distance = step > 0 ? to - from : from - to;
            var count = distance <= 0 ? 0 : (distance - 1) / Math.Abs(step) + 1;
            if (step > 0 || count == 0)
            {
                result = before.slice(axis, from, count == 0 ? from : to, Math.Max(step, 1));
            }
            else
            {
                // torch has no views that run backwards.
                using var forwards = before.slice(axis, from + (count - 1) * step, from + 1, -step);
                result = forwards.flip(axis);
            }
        }

        return result;
    }

    private static Kernel CompilePad(NodeContext c, Func<Tensor?[], long[]> pads, double? value, Func<Tensor?[], long[]>? axes)
    {
        var mode = c.Choice("mode", "constant", "reflect", "edge", "wrap");
        return (inputs, _) =>
        {
            var x = inputs[0]!;
            var rank = (int)x.Dimensions;
            var given = pads(inputs);
            var all = given;
            if (axes?.Invoke(inputs) is { } named)
            {
                all = new long[2 * rank];
                for (var i = 0; i < named.Length; i++)
                {
                    var axis = Positive(named[i], rank);
                    (all[axis], all[axis + rank]) = (given[i], given[i + named.Length]);
                }
            }

            SizeLimit.Require(x.shape.Select((d, i) => (double)d + all[i] + all[i + rank]).Aggregate(1.0, (product, d) => product * d));
            if (mode == "constant")
            {
                return [nn.functional.pad(x, SlidingWindow.TorchOrder(all), value: value ?? Number(inputs[2]!))];
            }

            var result = x.alias();
            for (var axis = 0; axis < rank; axis++)
            {
                if (all[axis] != 0 || all[axis + rank] != 0)
                {
                    using var before = result;
                    using var places = tensor(SourcesOfPadding(mode, x.shape[axis], all[axis], all[axis + rank]), device: x.device);
                    result = before.index_select(axis, places);
                }
            }

            return [result];
        };
    }

    /// <summary>Which element of an axis each element of the padded axis repeats.</summary>
    private static long[] SourcesOfPadding(string mode, long length, long begin, long end)
    {
        var sources = new long[Math.Max(0, begin + length + end)];
        for (var i = 0; i < sources.Length; i++)
        {
            var place = i - begin;
            // There and back again without repeating the ends, or round and round, or the ends for ever.
            var period = Math.Max(1, mode == "reflect" ? 2 * (length - 1) : length);
            var phase = (place % period + period) % period;
            sources[i] = mode == "edge" ? Math.Clamp(place, 0, length - 1) : mode == "reflect" && phase >= length ? period - phase : phase;
        }

        return sources;
    }

    private static Kernel CompileDepthToSpace(NodeContext c)
    {
        var block = c.Int("blocksize", 1);
        var rowsFirst = c.Choice("mode", "DCR", "CRD") == "CRD";
        return (inputs, _) =>
        {
            var (n, depth, height, width) = (inputs[0]!.shape[0], inputs[0]!.shape[1] / (block * block), inputs[0]!.shape[2], inputs[0]!.shape[3]);
            using var split = rowsFirst
                ? inputs[0]!.reshape(n, depth, block, block, height, width)
                : inputs[0]!.reshape(n, block, block, depth, height, width);
            using var ordered = rowsFirst ? split.permute(0, 1, 4, 2, 5, 3) : split.permute(0, 3, 4, 1, 5, 2);
            return [ordered.reshape(n, depth, height * block, width * block)];
        };
    }

    private static Kernel CompileSpaceToDepth(NodeContext c)
    {
        var block = c.Int("blocksize", 1);
        return (inputs, _) =>
        {
            var (n, depth, height, width) = (inputs[0]!.shape[0], inputs[0]!.shape[1], inputs[0]!.shape[2] / block, inputs[0]!.shape[3] / block);
            using var split = inputs[0]!.reshape(n, depth, height, block, width, block);
            using var ordered = split.permute(0, 3, 5, 1, 2, 4);
            return [ordered.reshape(n, depth * block * block, height, width)];
        };
    }
}
