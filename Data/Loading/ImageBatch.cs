namespace OneFractal.Data.Loading;

/// <summary>A batch of images ready for a model. Dispose it when done: its buffers then serve another batch.</summary>
public sealed class ImageBatch : IDisposable
{
    private readonly float[] _pixels;
    private readonly int[] _labels;
    private readonly int[] _indices;
    private readonly int _imageLength;
    private Action<ImageBatch>? _release;

    internal ImageBatch(int capacity, int imageLength)
    {
        // Pinned, so that a native runtime can read them in place.
        _pixels = GC.AllocateUninitializedArray<float>(checked(capacity * imageLength), pinned: true);
        _labels = new int[capacity];
        _indices = new int[capacity];
        _imageLength = imageLength;
    }

    /// <summary>How many images the batch holds.</summary>
    public int Count { get; private set; }

    /// <summary>Normalised pixels, count × channels × height × width, in pinned memory.</summary>
    public Memory<float> Pixels => _pixels.AsMemory(0, Count * _imageLength);

    /// <summary>The class of each image.</summary>
    public Memory<int> Labels => _labels.AsMemory(0, Count);

    /// <summary>Where each image is in the data set.</summary>
    public Memory<int> Indices => _indices.AsMemory(0, Count);

    /// <summary>The step of a training stream, or the number of the batch in an evaluation pass, from 0.</summary>
    public long Step { get; private set; }

    /// <summary>Gives the buffers back; the batch must not be used any more.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke(this);

    internal Span<float> Image(int i) => _pixels.AsSpan(i * _imageLength, _imageLength);

    internal void Start(long step, int count)
    {
        Step = step;
        Count = count;
    }

    internal void HandOver(Action<ImageBatch> release) => _release = release;
}
