using static TorchSharp.torch;

namespace OneFractal.Training;

internal static partial class OperatorTable
{
    private static IEnumerable<OperatorVersion> Indexing() =>
    [
        new("Gather", 1, CompileGather),
        new("GatherElements", 11, c =>
        {
            var axis = c.Int("axis", 0);
            return (inputs, _) =>
            {
                using var index = Wrap(inputs[1]!, inputs[0]!.shape[Positive(axis, inputs[0]!.Dimensions)]);
                return [inputs[0]!.gather(axis, index)];
            };
        }),
        new("GatherND", 11, CompileGatherNd),
        new("Scatter", 9, CompileScatterElements, Until: 10),
        new("ScatterElements", 11, CompileScatterElements),
        new("ScatterND", 11, CompileScatterNd),
        new("OneHot", 9, CompileOneHot),
        new("NonZero", 9, _ => (inputs, _) =>
        {
            using var places = inputs[0]!.nonzero();
            return [places.t()];
        }),
        new("TopK", 1, c =>
        {
            long[] k = [c.Int("k", 1)];
            return CompileTopK(c, _ => k);
        }),
        new("TopK", 10, c => CompileTopK(c, c.Integers(1)!)),
        new("Compress", 9, CompileCompress),
        new("Unique", 11, CompileUnique),
        new("ReverseSequence", 10, CompileReverseSequence),
    ];

    /// <summary>Indices that may count from the end, as torch wants them.</summary>
    private static Tensor Wrap(Tensor indices, long length)
    {
        using var wide = indices.to(ScalarType.Int64);
        return wide.remainder(length);
    }

    private static Kernel CompileGather(NodeContext c)
    {
        var axis = c.Int("axis", 0);
        // One index is a view; PyTorch's select, as a hand-written x[:, 0] is.
        if (c.Info(1) is { Rank: 0, KnownElements: [var index] })
        {
            return (inputs, _) => [inputs[0]!.select(axis, index)];
        }

        return (inputs, _) =>
        {
            var (x, indices) = (inputs[0]!, inputs[1]!);
            var dim = Positive(axis, x.Dimensions);
            using var positive = Wrap(indices, x.shape[dim]);
            using var flat = positive.reshape(-1);
            using var picked = x.index_select(dim, flat);
            return [picked.reshape([.. x.shape[..dim], .. indices.shape, .. x.shape[(dim + 1)..]])];
        };
    }

    /// <summary>The last axis of <paramref name="indices"/> names places in the axes <paramref name="dims"/>: their numbers in row-major order.</summary>
    private static Tensor Flatten(Tensor indices, ReadOnlySpan<long> dims)
    {
        var flat = zeros(indices.shape[..^1], dtype: ScalarType.Int64, device: indices.device);
        for (var i = 0; i < dims.Length; i++)
        {
            flat = flat * dims[i] + Wrap(indices.select(-1, i), dims[i]);
        }

        return flat;
    }

    private static Kernel CompileGatherNd(NodeContext c)
    {
        var batch = (int)c.Int("batch_dims", 0);
        return Scoped((inputs, _) =>
        {
            var (x, indices) = (inputs[0]!, inputs[1]!);
            var named = (int)indices.shape[^1];
            long[] dims = x.shape[batch..(batch + named)], rest = x.shape[(batch + named)..];
            var (batches, places) = (Product(x.shape[..batch]), Product(dims));
            var flat = Flatten(indices, dims).reshape(batches, -1) + (arange(batches, dtype: ScalarType.Int64, device: x.device) * places).unsqueeze(1);
            var picked = x.reshape([batches * places, .. rest]).index_select(0, flat.reshape(-1));
            return [picked.reshape([.. indices.shape[..^1], .. rest])];
        });
    }

    private static Kernel CompileScatterNd(NodeContext c)
    {
        var reduction = c.Choice("reduction", "none", "add", "mul", "max", "min");
        return Scoped((inputs, _) =>
        {
            var (x, indices, updates) = (inputs[0]!, inputs[1]!, inputs[2]!);
            var named = (int)indices.shape[^1];
            long[] dims = x.shape[..named], rest = x.shape[named..];
            var rows = x.reshape([Product(dims), .. rest]);
            var flat = Flatten(indices, dims).reshape(-1);
            return [Write(rows, flat, updates.reshape([flat.shape[0], .. rest]), reduction).reshape(x.shape)];
        });
    }

    private static Kernel CompileScatterElements(NodeContext c)
    {
        var axis = c.Int("axis", 0);
        var reduction = c.Choice("reduction", "none", "add", "mul", "max", "min");
        return Scoped((inputs, _) =>
        {
            var (x, updates) = (inputs[0]!, inputs[2]!);
            var dim = Positive(axis, x.Dimensions);
            var index = Wrap(inputs[1]!, x.shape[dim]);
            if (reduction is "none" or "add")
            {
                return [reduction == "none" ? x.scatter(dim, index, updates) : x.scatter_add(dim, index, updates)];
            }

            var flat = zeros_like(index);
            for (var i = 0; i < x.Dimensions; i++)
            {
                var places = i == dim ? index : arange(index.shape[i], dtype: ScalarType.Int64, device: x.device)
                    .reshape([.. index.shape.Select((d, j) => j == i ? d : 1)]);
                flat = flat * x.shape[i] + places;
            }

            return [Write(x.reshape(-1), flat.reshape(-1), updates.reshape(-1), reduction).reshape(x.shape)];
        });
    }

    private static Tensor Write(Tensor rows, Tensor index, Tensor updates, string reduction) => reduction switch
    {
        "none" => rows.index_copy(0, index, updates),
        "add" => rows.index_add(0, index, updates, 1),
        "mul" => WriteInRounds(rows, index, updates, (a, b) => a * b),
        "max" => WriteInRounds(rows, index, updates, (a, b) => a.maximum(b)),
        _ => WriteInRounds(rows, index, updates, (a, b) => a.minimum(b)),
    };

    /// <summary>Rows that are written several times are written one time a round.</summary>
    private static Tensor WriteInRounds(Tensor rows, Tensor index, Tensor updates, Func<Tensor, Tensor, Tensor> combine)
    {
        if (index.numel() == 0)
        {
            return rows.alias();
        }

        var (_, inverse, counts) = index.unique(return_inverse: true, return_counts: true);
        var (_, order) = inverse!.sort(stable: true);
        var first = (counts!.cumsum(0) - counts!).index_select(0, inverse!.index_select(0, order));
        var round = arange(index.numel(), dtype: ScalarType.Int64, device: index.device) - first;
        var rounds = counts!.max().item<long>();
        for (var r = 0; r < rounds; r++)
        {
            var now = order.index_select(0, round.eq(r).nonzero().reshape(-1));
            var places = index.index_select(0, now);
            rows = rows.index_copy(0, places, combine(rows.index_select(0, places), updates.index_select(0, now)));
        }

        return rows;
    }

    private static Kernel CompileOneHot(NodeContext c)
    {
        var axis = c.Int("axis", -1);
        var depth = c.Integers(1)!;
        return Scoped((inputs, _) =>
        {
            var (indices, values) = (inputs[0]!, inputs[2]!);
            var classes = depth(inputs)[0];
            SizeLimit.Require((double)indices.numel() * classes);
            var dim = Positive(axis, indices.Dimensions + 1);
            var wide = indices.to(ScalarType.Int64);
            var place = where(wide < 0, wide + classes, wide).unsqueeze(dim);
            var all = arange(classes, dtype: ScalarType.Int64, device: indices.device).reshape([-1, .. Enumerable.Repeat(1L, (int)indices.Dimensions - dim)]);
            return [where(place == all, values[1], values[0])];
        });
    }

    private static Kernel CompileTopK(NodeContext c, Func<Tensor?[], long[]> count)
    {
        var (axis, largest) = (c.Int("axis", -1), c.Flag("largest", true));
        c.Ignore("sorted");
        return (inputs, _) =>
        {
            // Of equal values the one with the lower index comes first, which torch's own topk does not promise.
            var (values, indices) = inputs[0]!.sort(axis, descending: largest, stable: true);
            using (values)
            using (indices)
            {
                var k = count(inputs)[0];
                return [values.narrow(axis, 0, k), indices.narrow(axis, 0, k)];
            }
        };
    }

    private static Kernel CompileCompress(NodeContext c)
    {
        var axis = c.IntOrNull("axis");
        return Scoped((inputs, _) =>
        {
            var x = axis is null ? inputs[0]!.reshape(-1) : inputs[0]!;
            return [x.index_select(axis ?? 0, inputs[1]!.nonzero().reshape(-1))];
        });
    }

    private static Kernel CompileUnique(NodeContext c)
    {
        var (axis, sorted) = (c.IntOrNull("axis"), c.Flag("sorted", true));
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!;
            var dim = axis is { } a ? Positive(a, x.Dimensions) : 0;
            var values = axis is null ? x.reshape(-1) : x;
            var (unique, inverse, counts) = values.unique(sorted: true, return_inverse: true, return_counts: true, dim);
            var (_, grouped) = inverse!.sort(stable: true);
            var first = grouped.index_select(0, counts!.cumsum(0) - counts!);
            if (!sorted)
            {
                // In the order of their first appearance.
                var order = first.argsort();
                (unique, first, counts) = (unique.index_select(dim, order), first.index_select(0, order), counts!.index_select(0, order));
                inverse = order.argsort().index_select(0, inverse!);
            }

            return [unique, first, inverse!, counts!];
        });
    }

    private static Kernel CompileReverseSequence(NodeContext c)
    {
        var (time, batch) = (c.Int("time_axis", 0), c.Int("batch_axis", 1));
        return Scoped((inputs, _) =>
        {
            var x = inputs[0]!.moveaxis([batch, time], [0, 1]);
            var lengths = inputs[1]!.to(ScalarType.Int64).unsqueeze(1);
            var places = arange(x.shape[1], dtype: ScalarType.Int64, device: x.device).unsqueeze(0);
            var sources = where(places < lengths, lengths - 1 - places, places).reshape([x.shape[0], x.shape[1], .. Enumerable.Repeat(1L, (int)x.Dimensions - 2)]);
            return [x.gather(1, sources.expand(x.shape)).moveaxis([0, 1], [batch, time])];
        });
    }
}
