using OneFractal.Data;
using OpenCvSharp;

namespace OneFractal.Tests.Training;

/// <summary>Any number of small grey images, each made when it is loaded: noise, brighter from class to class where the classes are to be told apart.</summary>
internal sealed class GeneratedImages(int count, int classes, bool distinct = true, ulong seed = 0) : IImageDataset
{
    private const int Side = 8;
    private int _loaded;

    public int Count => count;

    public IReadOnlyList<string> ClassNames { get; } = [.. Enumerable.Range(0, classes).Select(c => $"class {c}")];

    /// <summary>How often an image was loaded.</summary>
    public int Loaded => _loaded;

    /// <summary>Called before each image is loaded, with how many were.</summary>
    public Action<int>? Loading { get; init; }

    public int Label(int index) => index % classes;

    public Mat Load(int index)
    {
        var loaded = Interlocked.Increment(ref _loaded);
        Loading?.Invoke(loaded);
        var random = new RandomStream(seed, (ulong)index);
        var image = new Mat(Side, Side, MatType.CV_8UC1);
        foreach (ref var value in image.AsSpan<byte>())
        {
            value = (byte)(random.NextInt(100) + (distinct ? 155 * Label(index) / classes : 50));
        }

        return image;
    }

    public string Describe(int index) => $"generated[{index}]";

    public void Dispose()
    {
    }
}
