using OneFractal.Data.Readers;

namespace OneFractal.Inference;

/// <summary>The buffers of one batch of files, which serve one batch after another.</summary>
internal sealed class FileBatch
{
    private readonly float[] _pixels;
    private readonly int _imageLength;
    private TaskCompletionSource _decoded = new();
    private TaskCompletionSource _classified = new();
    private int _pending;

    public FileBatch(int capacity, int imageLength, int outputLength)
    {
        // Pinned, so that the runtime reads and writes in place.
        _pixels = GC.AllocateUninitializedArray<float>(checked(capacity * imageLength), pinned: true);
        Logits = GC.AllocateArray<float>(checked(capacity * outputLength), pinned: true);
        Photos = new Photo?[capacity];
        Paths = new string[capacity];
        Errors = new string?[capacity];
        _imageLength = imageLength;
    }

    /// <summary>How many files it holds.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == Paths.Length;

    public string[] Paths { get; }

    /// <summary>What is wrong with each file, or null.</summary>
    public string?[] Errors { get; }

    public ReadOnlyMemory<float> Pixels => _pixels;

    /// <summary>In the place of <see cref="Pixels"/>, what a model takes that preprocesses by itself; null for a file that cannot be read.</summary>
    public Photo?[] Photos { get; }

    public float[] Logits { get; }

    /// <summary>Ends when all files are decoded.</summary>
    public Task Decoded => _decoded.Task;

    /// <summary>Ends when the model has written <see cref="Logits"/>.</summary>
    public Task Classified => _classified.Task;

    public Span<float> Image(int i) => _pixels.AsSpan(i * _imageLength, _imageLength);

    /// <summary>Begins a batch, to which files are still to be added.</summary>
    public void Start()
    {
        Count = 0;
        _pending = 1;
        (_decoded, _classified) = (new TaskCompletionSource(), new TaskCompletionSource());
    }

    /// <summary>Adds a file that is to be decoded; the result is its place.</summary>
    public int Add(string path)
    {
        Paths[Count] = path;
        Errors[Count] = null;
        Interlocked.Increment(ref _pending);
        return Count++;
    }

    /// <summary>Says that a file is decoded, or, once, that there are no more to add.</summary>
    public void CountDown()
    {
        if (Interlocked.Decrement(ref _pending) == 0)
        {
            _decoded.SetResult();
        }
    }

    public void SetClassified() => _classified.SetResult();
}
