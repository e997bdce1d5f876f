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

    /// <summary>
    /// Weight of each image's own label where Mixup or CutMix mixed the batch with itself in reverse order; the label of the image at the
    /// same place from the end weighs 1 − λ. It is 1 when nothing was mixed.
    /// </summary>
    public float Lambda { get; internal set; } = 1;

    /// <summary>The label of the image that image <paramref name="i"/> was mixed with.</summary>
    public int MixedLabel(int i) => _labels[Count - 1 - i];

    /// <summary>
    /// Writes the soft targets, count × <paramref name="classes"/>: λ of the image's own label and 1 − λ of the other, both smoothed, so that
    /// every class has <paramref name="smoothing"/> / classes and the rest is the label's. Each row sums to 1.
    /// </summary>
    public void WriteTargets(Span<float> targets, int classes, float smoothing)
    {
        var rest = smoothing / classes;
        targets[..(Count * classes)].Fill(rest);
        for (var i = 0; i < Count; i++)
        {
            targets[i * classes + _labels[i]] += Lambda * (1 - smoothing);
            targets[i * classes + MixedLabel(i)] += (1 - Lambda) * (1 - smoothing);
        }
    }

    /// <summary>Gives the buffers back; the batch must not be used any more.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke(this);

    internal Span<float> Image(int i) => _pixels.AsSpan(i * _imageLength, _imageLength);

    internal void Start(long step, int count)
    {
        Step = step;
        Count = count;
        Lambda = 1;
    }

    internal void HandOver(Action<ImageBatch> release) => _release = release;
}
