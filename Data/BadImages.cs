using System.Collections.Concurrent;
using CsvHelper;
using OneFractal.Common;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;

namespace OneFractal.Data;

/// <summary>Finds the images of a data set that cannot be decoded, for <c>--on-bad-image skip</c>.</summary>
public static class BadImages
{
    /// <summary>
    /// Decodes every image and returns the data set without those that fail, which, if there are any, are listed (path, problem) in the CSV
    /// file <paramref name="listPath"/>. The result owns <paramref name="dataset"/>.
    /// </summary>
    /// <exception cref="DataException">No image, or none of a class, can be decoded.</exception>
    /// <exception cref="OneFractalException">The list cannot be written.</exception>
    public static (SubsetDataset Good, int Skipped) Skip(
        IImageDataset dataset, string listPath, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        var bad = new ConcurrentDictionary<int, BadImageException>();
        var done = 0;
        using (var task = (progress ?? NullProgress.Instance).Start("Checking images", dataset.Count))
        using (OpenCvThreads.One())
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
            Parallel.For(0, dataset.Count, options, i =>
            {
                try
                {
                    dataset.Load(i).Dispose();
                }
                catch (BadImageException e)
                {
                    bad[i] = e;
                }

                task.Report(Interlocked.Increment(ref done), bad.IsEmpty ? null : $"{bad.Count} bad");
            });
        }

        var good = new SubsetDataset(dataset, [.. Enumerable.Range(0, dataset.Count).Where(i => !bad.ContainsKey(i))]);
        RequireEveryClass(dataset, good);
        if (bad.IsEmpty)
        {
            return (good, 0);
        }

        AtomicFile.Write(listPath, stream =>
        {
            using var csv = CsvWriter.Create(stream, leaveOpen: true);
            csv.WriteRecord(["path", "problem"]);
            foreach (var (_, failure) in bad.OrderBy(entry => entry.Key))
            {
                csv.WriteRecord([failure.Path, failure.Problem]);
            }
        });
        return (good, bad.Count);
    }

    private static void RequireEveryClass(IImageDataset dataset, SubsetDataset good)
    {
        var left = Enumerable.Range(0, good.Count).Select(good.Label).ToHashSet();
        for (var i = 0; i < dataset.Count; i++)
        {
            if (!left.Contains(dataset.Label(i)))
            {
                throw new DataException($"No image of class '{dataset.ClassNames[dataset.Label(i)]}' can be decoded, such as '{dataset.Describe(i)}': replace them.");
            }
        }
    }
}
