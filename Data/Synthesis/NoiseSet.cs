using System.Runtime.InteropServices;
using OneFractal.Common;

namespace OneFractal.Data.Synthesis;

/// <summary>Images of noise, one a class: the control that shows what structure is worth.</summary>
public sealed class NoiseSet : ISyntheticSource
{
    private const ulong ImageStream = 0x9015E;
    private const double Mean = 127.5;
    private const double StandardDeviation = 64;

    /// <summary>The set of <paramref name="settings"/>.</summary>
    /// <exception cref="UsageException">A setting is out of range.</exception>
    public NoiseSet(NoiseSetSettings settings)
    {
        settings.Validate();
        Settings = settings;
    }

    /// <summary>Everything the set is made from.</summary>
    public NoiseSetSettings Settings { get; }

    /// <inheritdoc />
    public int ClassCount => Settings.Classes;

    /// <inheritdoc />
    public int ImagesPerClass => 1;

    /// <inheritdoc />
    public int Size => Settings.Size;

    /// <inheritdoc />
    public int Channels => Settings.Channels;

    /// <inheritdoc />
    public IReadOnlyList<string> ParameterNames => [];

    /// <inheritdoc />
    public double[] Render(int index, Span<byte> pixels)
    {
        var random = new RandomStream(Settings.Seed, ImageStream, (ulong)index);
        pixels = pixels[..(Size * Size * Channels)];
        if (Settings.Kind == NoiseKind.Uniform)
        {
            FillUniform(random, pixels);
            return [];
        }

        foreach (ref var pixel in pixels)
        {
            pixel = (byte)Math.Clamp(Math.Round(Mean + StandardDeviation * random.NextGaussian()), 0, 255);
        }

        return [];
    }

    private static void FillUniform(RandomStream random, Span<byte> pixels)
    {
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(pixels))
        {
            word = random.NextUInt64();
        }

        foreach (ref var pixel in pixels[(pixels.Length / 8 * 8)..])
        {
            pixel = (byte)random.NextInt(256);
        }
    }
}
