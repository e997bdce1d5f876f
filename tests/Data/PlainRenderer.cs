using OneFractal.Data.Fractals;

namespace OneFractal.Tests.Data;

/// <summary>The published generator's drawing, written as plainly as it can be.</summary>
internal static class PlainRenderer
{
    public static byte[] Render(IteratedFunctionSystem system, MapSequence sequence, PythonRandom random, RenderSettings settings)
    {
        var (size, points) = (settings.Size, settings.Points);
        var masks = new ushort[points];
        Array.Fill(masks, (ushort)511);
        if (settings.Mask == MaskMode.Random)
        {
            random.FillMasks(masks);
        }

        var xs = new double[points];
        var ys = new double[points];
        for (var i = 0; i + 1 < points; i++)
        {
            var map = system.Maps[sequence.Choices[i]];
            xs[i + 1] = xs[i] * map.A + ys[i] * map.B + map.E;
            ys[i + 1] = xs[i] * map.C + ys[i] * map.D + map.F;
        }

        var (minX, maxX, minY, maxY) = (xs.Min(), xs.Max(), ys.Min(), ys.Max());
        var image = new byte[size * size];
        double inner = size - 2 * settings.Pad;
        for (var i = 0; i < points; i++)
        {
            var column = (int)((xs[i] - minX) / (maxX - minX) * inner + settings.Pad) + 1;
            var row = (int)((ys[i] - minY) / (maxY - minY) * inner + settings.Pad) + 1;
            for (var cell = 0; cell < 9; cell++)
            {
                image[(size - 1 - row - cell / 3) * size + column + cell % 3] = (byte)((masks[i] >> (8 - cell) & 1) * 127);
            }
        }

        return image;
    }
}
