using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Readers;

/// <summary>Some images of another data set, which it owns. Class names and labels stay those of the whole.</summary>
public sealed class SubsetDataset : IImageDataset
{
    private const ulong SelectionStream = 0x5E1EC7;
    private readonly IImageDataset _whole;
    private readonly int[] _indices;

    /// <summary>The images <paramref name="indices"/> of <paramref name="whole"/>, in that order.</summary>
    public SubsetDataset(IImageDataset whole, IReadOnlyList<int> indices)
    {
        _whole = whole;
        _indices = [.. indices];
    }

    /// <inheritdoc />
    public int Count => _indices.Length;

    /// <inheritdoc />
    public IReadOnlyList<string> ClassNames => _whole.ClassNames;

    /// <summary>Where each image is in the whole.</summary>
    public IReadOnlyList<int> Indices => _indices;

    /// <summary>
    /// <paramref name="count"/> images, each class having its share of the whole as nearly as whole numbers allow; which ones is decided
    /// by <paramref name="seed"/>. A larger subset of the same seed contains nearly all of a smaller one.
    /// </summary>
    /// <exception cref="UsageException">More images are asked for than there are, or fewer than one.</exception>
    public static SubsetDataset Stratified(IImageDataset whole, int count, ulong seed)
    {
        if (count < 1 || count > whole.Count)
        {
            throw new UsageException($"Cannot take {count} of {whole.Count} images: choose 1 to {whole.Count}.");
        }

        return Take(whole, Shares(ByClass(whole, seed), count), seed);
    }

    /// <summary><paramref name="perClass"/> images of every class, chosen by <paramref name="seed"/>.</summary>
    /// <exception cref="UsageException">A class has fewer images.</exception>
    public static SubsetDataset PerClass(IImageDataset whole, int perClass, ulong seed)
    {
        var classes = ByClass(whole, seed);
        for (var label = 0; label < classes.Length; label++)
        {
            if (perClass < 1 || classes[label].Length < perClass)
            {
                throw new UsageException($"Cannot take {perClass} images of class '{whole.ClassNames[label]}', which has {classes[label].Length}.");
            }
        }

        return Take(whole, [.. classes.Select(_ => perClass)], seed);
    }

    /// <summary>
    /// About <paramref name="share"/> of each class, at most <paramref name="most"/> images in all, but at least one of each class that has two or more;
    /// chosen by <paramref name="seed"/>.
    /// </summary>
    public static SubsetDataset HoldOut(IImageDataset whole, double share, int most, ulong seed)
    {
        share = Math.Min(share, most / (double)whole.Count);
        return Take(whole, [.. ByClass(whole, seed).Select(members => members.Length < 2 ? 0 : (int)Math.Max(1, Math.Round(share * members.Length)))], seed);
    }

    /// <summary>The images of the whole that are not in this subset, in the order of the whole.</summary>
    public SubsetDataset Rest()
    {
        var taken = _indices.ToHashSet();
        return new SubsetDataset(_whole, [.. Enumerable.Range(0, _whole.Count).Where(i => !taken.Contains(i))]);
    }

    /// <inheritdoc />
    public int Label(int index) => _whole.Label(_indices[index]);

    /// <inheritdoc />
    public Mat Load(int index) => _whole.Load(_indices[index]);

    /// <inheritdoc />
    public Mat[] LoadMany(ReadOnlySpan<int> indices)
    {
        var inWhole = new int[indices.Length];
        for (var i = 0; i < inWhole.Length; i++)
        {
            inWhole[i] = _indices[indices[i]];
        }

        return _whole.LoadMany(inWhole);
    }

    /// <inheritdoc />
    public string Describe(int index) => _whole.Describe(_indices[index]);

    /// <inheritdoc />
    public void Dispose() => _whole.Dispose();

    /// <summary>The indices of each class, shuffled.</summary>
    internal static int[][] ByClass(IImageDataset whole, ulong seed)
    {
        var classes = Enumerable.Range(0, whole.ClassNames.Count).Select(_ => new List<int>()).ToArray();
        for (var i = 0; i < whole.Count; i++)
        {
            classes[whole.Label(i)].Add(i);
        }

        return [.. classes.Select((members, label) =>
        {
            var shuffled = members.ToArray();
            new RandomStream(seed, SelectionStream, (ulong)label).Shuffle<int>(shuffled);
            return shuffled;
        })];
    }

    /// <summary>How many each class gives to a subset of <paramref name="count"/>: largest remainders first.</summary>
    internal static int[] Shares(int[][] classes, int count)
    {
        var total = classes.Sum(members => (long)members.Length);
        var shares = classes.Select(members => (int)((long)count * members.Length / total)).ToArray();
        var order = Enumerable.Range(0, classes.Length)
            .OrderByDescending(label => (long)count * classes[label].Length % total)
            .ThenBy(label => label);
        foreach (var label in order.Take(count - shares.Sum()))
        {
            shares[label]++;
        }

        return shares;
    }

    private static SubsetDataset Take(IImageDataset whole, int[] shares, ulong seed)
    {
        // In the order of the whole, so that reading stays sequential on disk.
        var indices = ByClass(whole, seed).SelectMany((members, label) => members.Take(shares[label])).Order();
        return new SubsetDataset(whole, [.. indices]);
    }
}
