using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Inference;

/// <summary>
/// Classifies any number of image files in constant memory: while the model runs on one batch, the files of the next are decoded on the
/// other cores. The order is kept, and a bad file is one row with an error.
/// </summary>
public static class FilePredictor
{
    /// <summary>Classifies <paramref name="paths"/>, lazily, in their order.</summary>
    /// <param name="classifier">The classifier.</param>
    /// <param name="paths">Image files; they may be listed while the first are classified.</param>
    /// <param name="batchSize">Images in one run of the model.</param>
    /// <param name="workers">Threads that decode; 0 takes one per core.</param>
    /// <param name="cancellation">Ends the work between two batches.</param>
    public static IEnumerable<FilePrediction> Predict(
        Classifier classifier, IEnumerable<string> paths, int batchSize = 32, int workers = 0, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        return Run(classifier, paths, batchSize, workers == 0 ? Environment.ProcessorCount : workers, cancellation);
    }

    private static IEnumerable<FilePrediction> Run(
        Classifier classifier, IEnumerable<string> paths, int batchSize, int workers, CancellationToken cancellation)
    {
        // Two buffers: the model reads one while the other is filled.
        var buffers = new[] { NewBuffer(classifier, batchSize), NewBuffer(classifier, batchSize) };
        var turn = 0;
        Task<PreparedBatch>? pending = null;
        foreach (var chunk in paths.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            var ready = pending?.GetAwaiter().GetResult();
            var buffer = buffers[turn++ % buffers.Length];
            pending = Task.Run(() => Prepare(classifier, chunk, buffer, workers), CancellationToken.None);
            foreach (var prediction in ready is null ? [] : Classify(classifier, ready))
            {
                yield return prediction;
            }
        }

        foreach (var prediction in pending is null ? [] : Classify(classifier, pending.GetAwaiter().GetResult()))
        {
            yield return prediction;
        }
    }

    private static float[] NewBuffer(Classifier classifier, int batchSize)
    {
        return GC.AllocateUninitializedArray<float>(checked(batchSize * classifier.Runner.ImageLength), pinned: true);
    }

    private static PreparedBatch Prepare(Classifier classifier, string[] paths, float[] buffer, int workers)
    {
        var length = classifier.Runner.ImageLength;
        var errors = new string?[paths.Length];
        Parallel.For(0, paths.Length, new ParallelOptions { MaxDegreeOfParallelism = workers }, i =>
        {
            var pixels = buffer.AsSpan(i * length, length);
            try
            {
                using var image = ImageDecoder.Load(paths[i]);
                classifier.Prepare(image, ChannelOrder.Rgb, pixels);
            }
            catch (BadImageException e)
            {
                errors[i] = e.Problem;
                pixels.Clear();
            }
        });
        return new PreparedBatch(paths, errors, buffer);
    }

    private static IEnumerable<FilePrediction> Classify(Classifier classifier, PreparedBatch batch)
    {
        var predictions = classifier.Classify(batch.Pixels, batch.Paths.Length);
        return batch.Paths.Select((path, i) => new FilePrediction(path, batch.Errors[i] is null ? predictions[i] : null, batch.Errors[i]));
    }

    private sealed record PreparedBatch(string[] Paths, string?[] Errors, float[] Pixels);
}
