namespace OneFractal.Inference;

/// <summary>
/// Classifies any number of image files in memory that does not grow with them: threads decode files into the batches that come next while
/// the model runs, as often side by side as <see cref="SessionSettings.ParallelRuns"/> says: with two, throughput is best. The order is kept, and a
/// bad file is one row with an error.
/// </summary>
public static class FilePredictor
{
    /// <summary>Classifies <paramref name="paths"/>, lazily, in their order.</summary>
    /// <param name="classifier">The classifier; it stays the caller's.</param>
    /// <param name="paths">
    /// Image files. They are listed by a thread of its own while others are classified, some batches ahead; where listing may wait, as for a line of
    /// standard input, let it end with <paramref name="cancellation"/> too.
    /// </param>
    /// <param name="batchSize">Images in one run of the model; only the last may have fewer. A model that preprocesses by itself gets one.</param>
    /// <param name="workers">Threads that decode; 0 takes one per core.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="UsageException">So many images do not fit into a batch.</exception>
    /// <exception cref="ModelException">ONNX Runtime fails while it runs.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IEnumerable<FilePrediction> Predict(
        Classifier classifier, IEnumerable<string> paths, int batchSize = 32, int workers = 0, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        var largest = Array.MaxLength / Math.Max(classifier.Runner.ImageLength, classifier.Runner.OutputLength);
        if (batchSize > largest)
        {
            throw new UsageException($"A batch of {batchSize} images is too large: {largest} of [{string.Join(", ", classifier.Runner.ImageShape)}] are the most.");
        }

        return Run(classifier, paths, batchSize, workers == 0 ? Environment.ProcessorCount : workers, cancellation);
    }

    private static IEnumerable<FilePrediction> Run(
        Classifier classifier, IEnumerable<string> paths, int batchSize, int workers, CancellationToken cancellation)
    {
        using var pipeline = new PredictionPipeline(classifier, paths, batchSize, workers, classifier.Run, cancellation);
        while (pipeline.Take() is { } rows)
        {
            foreach (var row in rows)
            {
                yield return row;
            }
        }
    }
}
