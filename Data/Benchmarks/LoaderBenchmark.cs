using System.Diagnostics;
using OneFractal.Common;
using OneFractal.Data.Loading;
using OneFractal.Data.Transforms;

namespace OneFractal.Data.Benchmarks;

/// <summary>Measures the stages of the loader.</summary>
public static class LoaderBenchmark
{
    private const int Images = 64;

    /// <summary>Measures each stage for <paramref name="window"/> (1 s).</summary>
    /// <exception cref="OneFractalException">An image cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static LoaderRates Run(
        IImageDataset dataset, ImageTransform transform, LoaderSettings settings, TimeSpan? window = null, CancellationToken cancellation = default)
    {
        var length = window ?? TimeSpan.FromSeconds(1);
        using var threads = OpenCvThreads.One();
        var count = Math.Min(Images, dataset.Count);
        var next = 0;
        var load = Rate(() => dataset.Load(next++ % dataset.Count).Dispose(), length, cancellation);

        var images = Enumerable.Range(0, count).Select(dataset.Load).ToArray();
        var pixels = new float[transform.OutputLength];
        double augment;
        try
        {
            augment = Rate(() => transform.Apply(images[next++ % count], new RandomStream(settings.Seed, (ulong)next), pixels), length, cancellation);
        }
        finally
        {
            foreach (var image in images)
            {
                image.Dispose();
            }
        }

        return new LoaderRates(load, augment, settings.Workers, LoaderRate(new BatchLoader(dataset, transform, settings), length, cancellation));
    }

    private static double LoaderRate(BatchLoader loader, TimeSpan window, CancellationToken cancellation)
    {
        long start = 0;
        var images = 0;
        foreach (var batch in loader.Stream(0, cancellation))
        {
            using (batch)
            {
                // The first batch pays for starting the threads.
                if (start == 0)
                {
                    start = Stopwatch.GetTimestamp();
                    continue;
                }

                images += batch.Count;
                if (Stopwatch.GetElapsedTime(start) > window)
                {
                    break;
                }
            }
        }

        return images / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Rate(Action action, TimeSpan window, CancellationToken cancellation)
    {
        action();
        var start = Stopwatch.GetTimestamp();
        var count = 0;
        while (Stopwatch.GetElapsedTime(start) < window)
        {
            cancellation.ThrowIfCancellationRequested();
            action();
            count++;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
