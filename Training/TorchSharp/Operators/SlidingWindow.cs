namespace OneFractal.Training;

/// <summary>How a convolution's or a pooling's window moves over the dimensions of space.</summary>
/// <param name="Kernel">Window lengths; null where the weight says.</param>
/// <param name="Strides">Steps.</param>
/// <param name="Dilations">Distances of the window's elements.</param>
/// <param name="Pads">Padding at the beginnings, then at the ends.</param>
/// <param name="AutoPad">NOTSET, VALID, SAME_UPPER or SAME_LOWER.</param>
/// <param name="CeilMode">Whether a last window that is not full counts.</param>
internal sealed record SlidingWindow(long[]? Kernel, long[] Strides, long[] Dilations, long[] Pads, string AutoPad, bool CeilMode)
{
    /// <summary>Reads the attributes of a node over 1 to 3 dimensions of space.</summary>
    public static SlidingWindow Read(NodeContext c, int rank)
    {
        if (rank is < 1 or > 3)
        {
            throw c.Error($"{rank} dimensions of space are not supported; 1 to 3 are");
        }

        long[] Ints(string name, long fallback, int count)
        {
            var values = c.Ints(name) is { Length: > 0 } given ? given : [.. Enumerable.Repeat(fallback, count)];
            return values.Length == count ? values : throw c.Error($"{name} needs {count} numbers");
        }

        var auto = c.Choice("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER");
        var pads = Ints("pads", 0, 2 * rank);
        return new SlidingWindow(
            c.Ints("kernel_shape") is null ? null : Ints("kernel_shape", 1, rank),
            Ints("strides", 1, rank),
            Ints("dilations", 1, rank),
            auto == "NOTSET" ? pads : new long[2 * rank],
            auto,
            c.Flag("ceil_mode"));
    }

    /// <summary>Dimensions of space.</summary>
    public int Rank => Strides.Length;

    private bool IsSame => AutoPad is "SAME_UPPER" or "SAME_LOWER";

    /// <summary>The padding when it is as long at the ends as at the beginnings whatever the input is, else null.</summary>
    public long[]? Symmetric => !IsSame && Pads.AsSpan(0, Rank).SequenceEqual(Pads.AsSpan(Rank)) ? Pads[..Rank] : null;

    /// <summary>What the window reaches over: its length with the gaps.</summary>
    public long Reach(int axis, long kernel) => Dilations[axis] * (kernel - 1) + 1;

    /// <summary>Padding at the beginnings, then at the ends, for an input of those lengths.</summary>
    public long[] PadsFor(ReadOnlySpan<long> space, ReadOnlySpan<long> kernel)
    {
        if (!IsSame)
        {
            return Pads;
        }

        var pads = new long[2 * Rank];
        for (var i = 0; i < Rank; i++)
        {
            var steps = (space[i] + Strides[i] - 1) / Strides[i];
            var total = Math.Max(0, (steps - 1) * Strides[i] + Reach(i, kernel[i]) - space[i]);
            (pads[i], pads[i + Rank]) = SplitSame(AutoPad, total);
        }

        return pads;
    }

    /// <summary>What SAME_UPPER or SAME_LOWER puts before and after an axis: halves, the odd one at the end or at the beginning.</summary>
    public static (long Begin, long End) SplitSame(string autoPad, long total)
    {
        var begin = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
        return (begin, total - begin);
    }

    /// <summary>Number of windows along each axis.</summary>
    public long[] Output(ReadOnlySpan<long> space, ReadOnlySpan<long> kernel, ReadOnlySpan<long> pads)
    {
        var output = new long[Rank];
        for (var i = 0; i < Rank; i++)
        {
            var free = space[i] + pads[i] + pads[i + Rank] - Reach(i, kernel[i]);
            output[i] = (free + (CeilMode ? Strides[i] - 1 : 0)) / Strides[i] + 1;
            // A last window that would start in the end padding is dropped, as in PyTorch and ONNX 1.16+.
            if (CeilMode && (output[i] - 1) * Strides[i] >= space[i] + pads[i])
            {
                output[i]--;
            }
        }

        return output;
    }

    /// <summary>Pads in torch's order (last axis first, beginning and end side by side).</summary>
    public static long[] TorchOrder(ReadOnlySpan<long> pads)
    {
        var rank = pads.Length / 2;
        var result = new long[pads.Length];
        for (var i = 0; i < rank; i++)
        {
            result[2 * i] = pads[rank - 1 - i];
            result[2 * i + 1] = pads[2 * rank - 1 - i];
        }

        return result;
    }
}
