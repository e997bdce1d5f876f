using OneFractal.Common;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;

namespace OneFractal.Data.Inspection;

/// <summary>Looks through a data set before it is used.</summary>
public static class DatasetInspector
{
    private const double ImbalanceRatio = 10;
    private const int Examples = 3;

    /// <summary>
    /// Counts, measures and compares the images of every split of <paramref name="spec"/> (see <see cref="Datasets.Open"/>), and writes a picture of samples
    /// to <paramref name="contactSheet"/> if given. Of a split with more than <paramref name="limit"/> images, that many are looked at, spread evenly.
    /// </summary>
    /// <exception cref="OneFractalException">The data set cannot be opened, an image cannot be read, or the picture cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static DatasetReport Inspect(
        string spec, string? contactSheet = null, int limit = 20_000, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        var opened = OpenSplits(spec, out var missing);
        try
        {
            var facts = opened.Select(entry => Look(entry.Split, entry.Dataset, limit, progress ?? NullProgress.Instance, cancellation)).ToArray();
            var reports = opened.Zip(facts, (entry, seen) => Summarise(entry.Split, entry.Dataset, seen)).ToArray();
            if (contactSheet is not null)
            {
                ContactSheet.Write(contactSheet, opened[0].Dataset);
            }

            var classNames = opened[0].Dataset.ClassNames;
            string[] warnings = [.. missing, .. FindImbalance(classNames, reports), .. FindDuplicates(opened, facts)];
            return new DatasetReport(classNames, reports, warnings);
        }
        finally
        {
            foreach (var (_, dataset) in opened)
            {
                dataset.Dispose();
            }
        }
    }

    private static List<(DatasetSplit Split, IImageDataset Dataset)> OpenSplits(string spec, out List<string> missing)
    {
        missing = [];
        List<(DatasetSplit Split, IImageDataset Dataset)> opened;
        try
        {
            opened = [(DatasetSplit.Train, Datasets.Open(spec, DatasetSplit.Train))];
        }
        catch (DataException e) when (Directory.Exists(spec))
        {
            // A folder with an image a class, as synth writes it, cannot be divided but can be looked at.
            missing.Add(e.Message);
            return [(DatasetSplit.Train, new ImageFolderDataset(spec))];
        }

        foreach (var split in (DatasetSplit[])[DatasetSplit.Validation, DatasetSplit.Test])
        {
            try
            {
                var dataset = Datasets.Open(spec, split);
                // A layout with only one of the two gives it for both.
                if (opened.Any(entry => entry.Dataset.Count == dataset.Count && entry.Dataset.Describe(0) == dataset.Describe(0)))
                {
                    dataset.Dispose();
                    opened[^1] = (DatasetSplit.Test, opened[^1].Dataset);
                    continue;
                }

                opened.Add((split, dataset));
            }
            catch (DataException e)
            {
                // A data set need not have images for validation, but without test images nothing can be reported.
                if (split == DatasetSplit.Test)
                {
                    missing.Add($"No test images: {e.Message}");
                }
            }
        }

        return opened;
    }

    private static (int Index, ImageFacts Facts)[] Look(
        DatasetSplit split, IImageDataset dataset, int limit, IProgressReporter progress, CancellationToken cancellation)
    {
        var count = Math.Min(dataset.Count, limit);
        var facts = new (int, ImageFacts)[count];
        var done = 0;
        using var task = progress.Start($"Looking at the {split.ToString().ToLowerInvariant()} images", count);
        using var threads = OpenCvThreads.One();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        try
        {
            Parallel.For(0, count, options, i =>
            {
                var index = (int)((long)i * dataset.Count / count);
                using var image = dataset.Load(index);
                facts[i] = (index, ImageFacts.Of(image));
                task.Report(Interlocked.Increment(ref done));
            });
        }
        catch (AggregateException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return facts;
    }

    private static SplitReport Summarise(DatasetSplit split, IImageDataset dataset, (int Index, ImageFacts Facts)[] seen)
    {
        var perClass = new int[dataset.ClassNames.Count];
        for (var i = 0; i < dataset.Count; i++)
        {
            perClass[dataset.Label(i)]++;
        }

        var mean = Enumerable.Range(0, 3).Select(channel => seen.Average(entry => entry.Facts.Mean[channel])).ToArray();
        return new SplitReport
        {
            Split = split,
            Images = dataset.Count,
            ImagesPerClass = perClass,
            Sizes = [.. seen.GroupBy(entry => (entry.Facts.Width, entry.Facts.Height)).OrderByDescending(group => group.Count())
                .Select(group => (group.Key.Width, group.Key.Height, group.Count()))],
            Grey = seen.Count(entry => entry.Facts.Grey),
            Mean = mean,
            Std = [.. mean.Select((value, channel) => Math.Sqrt(Math.Max(0, seen.Average(entry => entry.Facts.Square[channel]) - value * value)))],
        };
    }

    private static IEnumerable<string> FindImbalance(IReadOnlyList<string> classNames, IEnumerable<SplitReport> reports)
    {
        foreach (var report in reports)
        {
            var (most, least) = (report.ImagesPerClass.Max(), report.ImagesPerClass.Min());
            if (most > ImbalanceRatio * least)
            {
                var (large, small) = (report.ImagesPerClass.ToList().IndexOf(most), report.ImagesPerClass.ToList().IndexOf(least));
                yield return $"{report.Split}: class '{classNames[large]}' has {most} images, '{classNames[small]}' only {least}: accuracy will say little about the small one.";
            }
        }
    }

    private static IEnumerable<string> FindDuplicates(
        List<(DatasetSplit Split, IImageDataset Dataset)> opened, (int Index, ImageFacts Facts)[][] facts)
    {
        for (var first = 0; first < facts.Length; first++)
        {
            for (var second = first + 1; second < facts.Length; second++)
            {
                var known = facts[first].GroupBy(entry => entry.Facts.Fingerprint).ToDictionary(group => group.Key, group => group.First().Index);
                var twins = facts[second].Where(entry => known.ContainsKey(entry.Facts.Fingerprint)).ToArray();
                if (twins.Length > 0)
                {
                    var examples = twins.Take(Examples).Select(entry =>
                        $"'{opened[second].Dataset.Describe(entry.Index)}' is '{opened[first].Dataset.Describe(known[entry.Facts.Fingerprint])}'");
                    yield return $"{twins.Length} images of {opened[second].Split} are in {opened[first].Split} too: {string.Join(", ", examples)}.";
                }
            }

            var repeats = facts[first].Length - facts[first].Select(entry => entry.Facts.Fingerprint).Distinct().Count();
            if (repeats > 0)
            {
                yield return $"{repeats} images of {opened[first].Split} are copies of others in it.";
            }
        }
    }
}
