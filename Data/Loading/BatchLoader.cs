using OneFractal.Common;
using OneFractal.Data.Transforms;

namespace OneFractal.Data.Loading;

/// <summary>
/// Makes batches of a data set on worker threads. What a batch holds depends on the seed and its step alone, never on the number of
/// workers. The data set stays the caller's to dispose.
/// </summary>
public sealed class BatchLoader
{
    /// <summary>Images loaded at a time: as many as the fractal renderer draws side by side.</summary>
    private const int Group = 8;

    private const ulong AugmentationStream = 0xA06;
    private const ulong MixStream = 0x313;
    private readonly IImageDataset _dataset;
    private readonly ImageTransform _transform;
    private readonly LoaderSettings _settings;
    private readonly Func<long, (int Index, long Pass)> _at;
    private readonly BatchMixer? _mixer;

    /// <summary>A loader of <paramref name="dataset"/>, each image passed through <paramref name="transform"/>.</summary>
    /// <exception cref="UsageException">A setting is out of range.</exception>
    public BatchLoader(IImageDataset dataset, ImageTransform transform, LoaderSettings settings)
    {
        settings.Validate(dataset.ClassNames.Count);
        if (dataset.Count == 0)
        {
            throw new UsageException("The data set holds no images.");
        }

        _dataset = dataset;
        _transform = transform;
        _settings = settings;
        _mixer = settings.Mix is { } mix ? new BatchMixer(mix) : null;
        _at = settings.ClassFactors is { } factors
            ? new WeightedOrder(dataset, factors, settings.Seed).At
            : new EpochOrder(dataset.Count, settings.Seed).At;
    }

    /// <summary>Batches of an evaluation pass.</summary>
    public int PassLength => (_dataset.Count + _settings.BatchSize - 1) / _settings.BatchSize;

    /// <summary>How long consumers have waited for batches so far, those of unfinished streams included.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>
    /// Full batches without end, for training: the data set in a new seeded order each epoch, epoch after epoch, so that batches may
    /// cross epochs and be larger than the data set. Starting at <paramref name="firstStep"/> gives what a stream from 0 gives from there on.
    /// Dispose each batch before taking many more: only <see cref="LoaderSettings.Prefetch"/> more than the workers need exist.
    /// </summary>
    /// <exception cref="BadImageException">An image cannot be read; it comes when its batch is asked for.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IEnumerable<ImageBatch> Stream(long firstStep = 0, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        return Run(firstStep, FillTraining, cancellation);
    }

    /// <summary>Every image once, in the order of the data set; the last batch may be short.</summary>
    /// <inheritdoc cref="Stream" path="/exception" />
    public IEnumerable<ImageBatch> Pass(CancellationToken cancellation = default) => Run(0, FillPass, cancellation);

    private IEnumerable<ImageBatch> Run(long first, Func<long, ImageBatch, bool> fill, CancellationToken cancellation)
    {
        var buffers = Enumerable.Range(0, _settings.Workers + _settings.Prefetch)
            .Select(_ => new ImageBatch(_settings.BatchSize, _transform.OutputLength));
        using var pipeline = new BatchPipeline(buffers, _settings.Workers, first, fill);
        while (true)
        {
            var batch = pipeline.Take(out var waited, cancellation);
            Waited += waited;
            if (batch is null)
            {
                yield break;
            }

            yield return batch;
        }
    }

    private bool FillTraining(long step, ImageBatch batch)
    {
        batch.Start(step, _settings.BatchSize);
        var passes = new long[batch.Count];
        for (var i = 0; i < batch.Count; i++)
        {
            (batch.Indices.Span[i], passes[i]) = _at(step * _settings.BatchSize + i);
        }

        FillImages(batch, passes);
        if (_mixer is { } mixer)
        {
            var (height, width) = (_transform.Preprocessing.Height, _transform.Preprocessing.Width);
            batch.Lambda = mixer.Apply(batch.Pixels.Span, batch.Count, height, width, new RandomStream(_settings.Seed, MixStream, (ulong)step));
        }

        return true;
    }

    private bool FillPass(long step, ImageBatch batch)
    {
        var first = step * _settings.BatchSize;
        if (first >= _dataset.Count)
        {
            return false;
        }

        batch.Start(step, (int)Math.Min(_settings.BatchSize, _dataset.Count - first));
        for (var i = 0; i < batch.Count; i++)
        {
            batch.Indices.Span[i] = (int)first + i;
        }

        FillImages(batch, new long[batch.Count]);
        return true;
    }

    private void FillImages(ImageBatch batch, long[] passes)
    {
        for (var first = 0; first < batch.Count; first += Group)
        {
            var indices = batch.Indices.Span.Slice(first, Math.Min(Group, batch.Count - first));
            var images = _dataset.LoadMany(indices);
            try
            {
                for (var i = 0; i < images.Length; i++)
                {
                    batch.Labels.Span[first + i] = _dataset.Label(indices[i]);
                    var random = new RandomStream(_settings.Seed, AugmentationStream, (ulong)passes[first + i], (ulong)indices[i]);
                    _transform.Apply(images[i], random, batch.Image(first + i));
                }
            }
            finally
            {
                foreach (var image in images)
                {
                    image.Dispose();
                }
            }
        }
    }
}
