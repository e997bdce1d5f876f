using OneFractal.Common;
using OneFractal.Data.Transforms;

namespace OneFractal.Data.Loading;

/// <summary>How batches are made.</summary>
public sealed record LoaderSettings
{
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

    /// <exception cref="UsageException">A setting is out of range.</exception>
    internal void Validate()
    {
        Mix?.Validate();
        if (BatchSize < 1 || Workers < 1 || Prefetch < 1)
        {
            throw new UsageException($"Batch size, workers and prefetch must be at least 1, not {BatchSize}, {Workers} and {Prefetch}.");
        }
    }
}
