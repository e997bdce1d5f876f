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
    public Mat Load(int index)
    {
        var image = new Mat(_source.Size, _source.Size, _source.Channels == 1 ? MatType.CV_8UC1 : MatType.CV_8UC3);
        try
        {
            var pixels = image.AsSpan<byte>();
            if (_cache[index] is { } kept)
            {
                kept.CopyTo(pixels);
                return image;
            }

            _ = _source.Render(index, pixels);
            if (Interlocked.Add(ref _budget, -_imageBytes) >= 0)
            {
                // Two threads may both compute and pay for an image; within an epoch each is asked for once, so it hardly happens.
                _cache[index] = pixels.ToArray();
            }

            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public string Describe(int index) => $"synthetic image {index} (class {Label(index)})";

    /// <inheritdoc />
    public void Dispose()
    {
    }

    /// <summary>The name of a class: its number.</summary>
    internal static string ClassName(int label) => label.ToString("D5", System.Globalization.CultureInfo.InvariantCulture);
}
