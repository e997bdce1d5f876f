using OneFractal.Common;
using OneFractal.Data.Transforms;

namespace OneFractal.Data.Loading;

/// <summary>How batches are made.</summary>
public sealed record LoaderSettings
{
    private const int EvaluationBatch = 250, EvaluationPixels = EvaluationBatch * 64 * 64;

    /// <summary>Images in a batch.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Threads that make batches. The batches do not depend on it.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, 8);

    /// <summary>Batches that may wait, finished, for the consumer.</summary>
    public int Prefetch { get; init; } = 4;

    /// <summary>Decides the order of the images and every augmentation.</summary>
    public ulong Seed { get; init; }

    /// <summary>Mixup and CutMix of training batches; null for none.</summary>
    public MixSettings? Mix { get; init; }

    /// <summary>
    /// How often the images of each class come in training, in proportion: where rare classes have larger factors, batches hold more of them. Null for
    /// every image once an epoch.
    /// </summary>
    public IReadOnlyList<double>? ClassFactors { get; init; }

    /// <summary>For scoring: batches whose size depends on that of the images, or scoring large ones would need more memory than training.</summary>
    public static LoaderSettings ForEvaluation(Preprocessing preprocessing, int workers) => new()
    {
        BatchSize = Math.Clamp(EvaluationPixels / (preprocessing.Height * preprocessing.Width), 1, EvaluationBatch),
        Workers = workers,
    };

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate(int classes)
    {
        Mix?.Validate();
        if (BatchSize < 1 || Workers < 1 || Prefetch < 1)
        {
            throw new UsageException($"Batch size, workers and prefetch must be at least 1, not {BatchSize}, {Workers} and {Prefetch}.");
        }

        if (ClassFactors is { } factors && (factors.Count != classes || factors.Any(f => !(f > 0 && double.IsFinite(f)))))
        {
            throw new UsageException($"Class factors must be {classes} positive numbers, one a class.");
        }
    }
}
