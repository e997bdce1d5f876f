namespace OneFractal.Training;

/// <summary>How a convolution or pooling walks over its input, with every default and automatic padding resolved.</summary>
/// <param name="Kernel">Size along each spatial axis.</param>
/// <param name="Strides">Steps.</param>
/// <param name="Dilations">Distance of neighbouring elements of the kernel.</param>
/// <param name="Pads">Zeros before each axis, then after each.</param>
/// <param name="Groups">Groups of channels.</param>
internal sealed record Window(long[] Kernel, long[] Strides, long[] Dilations, long[] Pads, long Groups)
{
    public static Window Of(GradientContext c, long[] kernel)
    {
        var n = kernel.Length;
        long[] ones = [.. Enumerable.Repeat(1L, n)];
        var (strides, dilations) = (c.Node.GetInts("strides") ?? ones, c.Node.GetInts("dilations") ?? ones);
        var pads = c.Node.GetInts("pads") ?? new long[2 * n];
        var automatic = c.Node.GetString("auto_pad", "NOTSET");
        if (automatic is "SAME_UPPER" or "SAME_LOWER")
        {
            pads = new long[2 * n];
            for (var i = 0; i < n; i++)
            {
                var needed = (c.Output().Length(i + 2) - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - c.Input(0).Length(i + 2);
                (pads[i], pads[i + n]) = SlidingWindow.SplitSame(automatic, Math.Max(0, needed));
            }
        }

        return new Window(kernel, strides, dilations, automatic == "VALID" ? new long[2 * n] : pads, c.Node.GetInt("group", 1));
    }

    /// <summary>Whether each output meets one element of the input.</summary>
    public bool IsPoint => Kernel.All(k => k == 1) && Pads.All(p => p == 0);

    /// <summary>The same along all axes but the first.</summary>
    public Window WithoutFirst()
    {
        return new Window(Kernel[1..], Strides[1..], Dilations[1..], [.. Pads[1..Kernel.Length], .. Pads[(Kernel.Length + 1)..]], Groups);
    }

    /// <summary>Zeros after each axis with which the last window ends where they do; none where it ends before the input does.</summary>
    public long[] Ends(long[] input, long[] output)
    {
        return [.. Kernel.Select((k, i) => Math.Max(0, Dilations[i] * (k - 1) + Strides[i] * (output[i] - 1) + 1 - Pads[i] - input[i]))];
    }

    /// <summary>The window in words, for names.</summary>
    public string Describe() => string.Join(";", new[] { Kernel, Strides, Dilations, Pads }.Select(numbers => string.Join(",", numbers)));

    /// <summary>
    /// How many elements each output's window holds, row-major: those of the input and, where <paramref name="padded"/>, of the padding, but none of
    /// what ceil_mode reads beyond it.
    /// </summary>
    public long[] Counts(long[] input, long[] output, bool padded)
    {
        long[] counts = [1];
        for (var axis = 0; axis < Kernel.Length; axis++)
        {
            var (first, last) = padded ? (-Pads[axis], input[axis] + Pads[axis + Kernel.Length]) : (0, input[axis]);
            var along = Enumerable.Range(0, (int)output[axis]).Select(o =>
                (long)Enumerable.Range(0, (int)Kernel[axis]).Count(k =>
                {
                    var place = o * Strides[axis] - Pads[axis] + k * Dilations[axis];
                    return place >= first && place < last;
                })).ToArray();
            counts = [.. counts.SelectMany(before => along.Select(n => before * n))];
        }

        return counts;
    }
}
