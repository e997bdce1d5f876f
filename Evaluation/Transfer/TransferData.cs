using OneFractal.Data;
using OneFractal.Data.Readers;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>A data set that is evaluated on: images to learn from, and images to test on.</summary>
internal sealed class TransferData : IDisposable
{
    // Which test images are used must not change with the seed.
    private const ulong TestSeed = 0;

    private TransferData(DataSource source, TransferSettings settings, IImageDataset pool, IImageDataset test)
    {
        Source = source;
        Pool = pool;
        Test = settings.TestImages is { } count && count < test.Count ? SubsetDataset.Stratified(test, count, TestSeed) : test;
        TestLabels = Labels(Test);
        PoolLabels = Labels(pool);
        Identity = RunKey.Of($"{string.Join('\n', pool.ClassNames)}\n{string.Join(',', PoolLabels)}\n{string.Join(',', TestLabels)}");
        Labelled = settings.Labelled switch
        {
            null => Math.Min(TransferSettings.DefaultLabelled, pool.Count),
            0 => pool.Count,
            { } given => given,
        };
        Validation = settings.Validation ?? Math.Max(1, (int)Math.Round(Labelled * TransferSettings.DefaultValidation));
        if (Labelled > pool.Count || Labelled - Validation < Classes)
        {
            throw new UsageException(
                $"{source.Name}: {Labelled} labelled images, {Validation} of them for validation, of {pool.Count} in {Classes} classes do not go: change --labelled or --validation, and keep one image a class to learn from.");
        }
    }

    public DataSource Source { get; }

    /// <summary>The images to take labelled ones from.</summary>
    public IImageDataset Pool { get; }

    public int[] PoolLabels { get; }

    public IImageDataset Test { get; }

    public int[] TestLabels { get; }

    public int Classes => Pool.ClassNames.Count;

    /// <summary>Labelled images of a run.</summary>
    public int Labelled { get; }

    /// <summary>How many of them are held out.</summary>
    public int Validation { get; }

    /// <summary>What tells this data set from others, wherever it lies: its classes and which images have which.</summary>
    public string Identity { get; }

    public static TransferData Open(DataSource source, TransferSettings settings, JobOptions options, CancellationToken cancellation)
    {
        IImageDataset OpenSplit(DatasetSplit split)
        {
            var list = Path.Combine(options.Output, $"bad-images-{source.FileName}-{split.ToString().ToLowerInvariant()}.csv");
            return Datasets.Open(source.Path, split, settings.OnBadImage, list, options.Progress, cancellation);
        }

        var pool = OpenSplit(DatasetSplit.Train);
        try
        {
            return new TransferData(source, settings, pool, OpenSplit(DatasetSplit.Test));
        }
        catch
        {
            pool.Dispose();
            throw;
        }
    }

    /// <summary>The labelled images of a run: all protocols and backbones get the same with the same seed.</summary>
    public LabelledSplit Split(ulong seed, int? shots)
    {
        try
        {
            return shots is { } n ? LabelledSplit.PerClass(Pool, n, seed) : LabelledSplit.Share(Pool, Labelled, Validation, seed);
        }
        catch (UsageException e)
        {
            throw new UsageException($"{Source.Name}: {e.Message} Change {(shots is null ? "--labelled or --validation" : "--shots, for each of which up to 4 more images a class are held out to choose by")}.");
        }
    }

    public void Dispose()
    {
        Pool.Dispose();
        Test.Dispose();
    }

    private static int[] Labels(IImageDataset dataset) => [.. Enumerable.Range(0, dataset.Count).Select(dataset.Label)];
}
