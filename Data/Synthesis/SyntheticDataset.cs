using OpenCvSharp;

namespace OneFractal.Data.Synthesis;

/// <summary>
/// Computed images as a data set, with no files: each is computed when it is asked for, and kept as long as the memory budget lasts.
/// Nothing is evicted: every epoch asks for every image once, so keeping any part serves as well as any other.
/// </summary>
public sealed class SyntheticDataset : IImageDataset
{
    /// <summary>The memory budget when none is given: 512 MiB.</summary>
    public const long DefaultCacheBytes = 512L << 20;

    private readonly ISyntheticSource _source;
    private readonly byte[]?[] _cache;
    private readonly int _imageBytes;
    private long _budget;

    /// <summary>The images of <paramref name="source"/>, at most <paramref name="cacheBytes"/> bytes of which are kept (0 keeps none).</summary>
    public SyntheticDataset(ISyntheticSource source, long cacheBytes = DefaultCacheBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cacheBytes);
        _source = source;
        _budget = cacheBytes;
        _imageBytes = source.Size * source.Size * source.Channels;
        _cache = new byte[checked(source.ClassCount * source.ImagesPerClass)][];
        // The published layout names class folders by number.
        ClassNames = [.. Enumerable.Range(0, source.ClassCount).Select(ClassName)];
    }

    /// <inheritdoc />
    public int Count => _cache.Length;

    /// <inheritdoc />
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc />
    public int Label(int index) => index / _source.ImagesPerClass;

    /// <inheritdoc />
    public Mat Load(int index) => LoadMany([index])[0];

    /// <inheritdoc />
    public Mat[] LoadMany(ReadOnlySpan<int> indices)
    {
        var pixels = new byte[indices.Length][];
        var missing = new List<int>();
        for (var i = 0; i < pixels.Length; i++)
        {
            if (_cache[indices[i]] is { } kept)
            {
                pixels[i] = kept;
            }
            else
            {
                pixels[i] = GC.AllocateUninitializedArray<byte>(_imageBytes);
                missing.Add(i);
            }
        }

        Compute(missing, indices, pixels);
        return [.. pixels.Select(ToImage)];
    }

    /// <inheritdoc />
    public string Describe(int index) => $"synthetic image {index} (class {Label(index)})";

    /// <inheritdoc />
    public void Dispose()
    {
    }

    /// <summary>The name of a class: its number.</summary>
    internal static string ClassName(int label) => label.ToString("D5", System.Globalization.CultureInfo.InvariantCulture);

    private void Compute(List<int> missing, ReadOnlySpan<int> indices, byte[][] pixels)
    {
        if (missing.Count == 1)
        {
            _ = _source.Render(indices[missing[0]], pixels[missing[0]]);
        }
        else if (missing.Count > 1)
        {
            var wanted = new int[missing.Count];
            for (var i = 0; i < wanted.Length; i++)
            {
                wanted[i] = indices[missing[i]];
            }

            _ = _source.RenderMany(wanted, [.. missing.Select(i => pixels[i].AsMemory())]);
        }

        foreach (var i in missing)
        {
            // Two threads may both compute and pay for an image; within an epoch each is asked for once, so it hardly happens.
            if (Interlocked.Add(ref _budget, -_imageBytes) >= 0)
            {
                _cache[indices[i]] = pixels[i];
            }
        }
    }

    private Mat ToImage(byte[] pixels)
    {
        // A copy: the caller may write to it.
        var image = new Mat(_source.Size, _source.Size, _source.Channels == 1 ? MatType.CV_8UC1 : MatType.CV_8UC3);
        pixels.CopyTo(image.AsSpan<byte>());
        return image;
    }
}
