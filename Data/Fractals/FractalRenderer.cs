using System.Buffers;
using System.Collections.Immutable;

namespace OneFractal.Data.Fractals;

/// <summary>
/// Draws systems exactly as the published 1p-frac generator does, bit for bit. Thread-safe.
/// </summary>
internal sealed class FractalRenderer
{
    private const byte Grey = 127;

    public FractalRenderer(RenderSettings settings)
    {
        settings.Validate();
        Settings = settings;
    }

    public RenderSettings Settings { get; }

    /// <summary>Pixels of one image: size × size, one byte each, row by row.</summary>
    public int PixelCount => Settings.Size * Settings.Size;

    /// <summary>
    /// Draws <paramref name="system"/> into <paramref name="image"/> (grey 127 on black) and returns the number of lit pixels;
    /// 0 when the points run off to infinity or fall together, which leaves the image black. Masks come from <paramref name="random"/>.
    /// </summary>
    public int Render(IteratedFunctionSystem system, MapSequence sequence, PythonRandom random, Span<byte> image)
    {
        image.Clear();
        var points = Settings.Points;
        var xs = ArrayPool<double>.Shared.Rent(points);
        var ys = ArrayPool<double>.Shared.Rent(points);
        var masks = ArrayPool<ushort>.Shared.Rent(points);
        try
        {
            var bounds = PlayChaosGame(system.Maps, sequence.Choices, xs.AsSpan(0, points), ys.AsSpan(0, points));
            if (Settings.Mask == MaskMode.Random)
            {
                random.FillMasks(masks.AsSpan(0, points));
            }
            else
            {
                masks.AsSpan(0, points).Fill(511);
            }

            if (!bounds.IsUsable)
            {
                return 0;
            }

            Plot(xs.AsSpan(0, points), ys.AsSpan(0, points), bounds, masks.AsSpan(0, points), image);
            return image.Length - image.Count((byte)0);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(xs);
            ArrayPool<double>.Shared.Return(ys);
            ArrayPool<ushort>.Shared.Return(masks);
        }
    }

    private static PointBounds PlayChaosGame(ImmutableArray<AffineMap> maps, ReadOnlySpan<byte> choices, Span<double> xs, Span<double> ys)
    {
        double x = 0, y = 0, minX = 0, maxX = 0, minY = 0, maxY = 0;
        xs[0] = 0;
        ys[0] = 0;
        for (var i = 0; i < xs.Length - 1; i++)
        {
            ref readonly var map = ref maps.ItemRef(choices[i]);
            // Written in the published order: the sums round differently in another one. The JIT does not fuse them.
            var nextX = x * map.A + y * map.B + map.E;
            y = x * map.C + y * map.D + map.F;
            x = nextX;
            xs[i + 1] = x;
            ys[i + 1] = y;
            minX = Math.Min(minX, x);
            maxX = Math.Max(maxX, x);
            minY = Math.Min(minY, y);
            maxY = Math.Max(maxY, y);
        }

        return new PointBounds(minX, maxX, minY, maxY);
    }

    private void Plot(ReadOnlySpan<double> xs, ReadOnlySpan<double> ys, PointBounds bounds, ReadOnlySpan<ushort> masks, Span<byte> image)
    {
        var size = Settings.Size;
        double inner = size - 2 * Settings.Pad;
        double pad = Settings.Pad;
        for (var i = 0; i < xs.Length; i++)
        {
            var column = (int)((xs[i] - bounds.MinX) / bounds.Width * inner + pad) + 1;
            var row = (int)((ys[i] - bounds.MinY) / bounds.Height * inner + pad) + 1;
            int mask = masks[i];
            for (var r = 0; r < 3; r++)
            {
                // The published image is flipped top to bottom when finished; here each patch goes where the flip would bring it.
                var target = image.Slice((size - 1 - row - r) * size + column, 3);
                target[0] = (byte)(((mask >> (8 - 3 * r)) & 1) * Grey);
                target[1] = (byte)(((mask >> (7 - 3 * r)) & 1) * Grey);
                target[2] = (byte)(((mask >> (6 - 3 * r)) & 1) * Grey);
            }
        }
    }
}
