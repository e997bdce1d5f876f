using OneFractal.Data.Readers;

namespace OneFractal.Data;

/// <summary>Opens a data set by what a user calls it.</summary>
public static class Datasets
{
    private const ulong HoldOutSeed = 0;

    /// <summary>Share of a folder without splits that is kept out of <see cref="DatasetSplit.Train"/>.</summary>
    public const double HoldOut = 0.2;

    /// <summary>
    /// Opens <paramref name="spec"/>: <c>fashion-mnist</c>; a folder with <c>train</c>, <c>val</c> and <c>test</c> folders (any of them) that hold
    /// class folders; or a folder with class folders, of which a fixed, stratified fifth is the validation and test split. When a layout
    /// has only one of <c>val</c> and <c>test</c>, it serves as both.
    /// </summary>
    /// <exception cref="DataException">It is not there, or not such a data set, or has no such split.</exception>
    public static IImageDataset Open(string spec, DatasetSplit split)
    {
        if (spec.Equals("fashion-mnist", StringComparison.OrdinalIgnoreCase))
        {
            // Its authors give no validation images; the test set is what is reported, so it must be asked for by name.
            return FashionMnist.Open(split);
        }

        if (!Directory.Exists(spec))
        {
            throw new DataException($"There is no data set '{spec}': give a folder of class folders, or fashion-mnist.");
        }

        return SplitFolders(spec) is { Count: > 0 } splits ? OpenSplit(spec, split, splits) : OpenFlat(spec, split);
    }

    private static Dictionary<DatasetSplit, string> SplitFolders(string folder)
    {
        var splits = new Dictionary<DatasetSplit, string>();
        foreach (var path in ImageFolderDataset.SubFolders(folder))
        {
            DatasetSplit? split = Path.GetFileName(path).ToLowerInvariant() switch
            {
                "train" or "training" => DatasetSplit.Train,
                "val" or "valid" or "validation" => DatasetSplit.Validation,
                "test" => DatasetSplit.Test,
                _ => null,
            };
            if (split is { } known)
            {
                splits.TryAdd(known, path);
            }
        }

        // A single class that happens to be called "test" does not make a split layout.
        return splits.ContainsKey(DatasetSplit.Train) ? splits : [];
    }

    private static ImageFolderDataset OpenSplit(string folder, DatasetSplit split, Dictionary<DatasetSplit, string> splits)
    {
        var other = split switch
        {
            DatasetSplit.Validation => DatasetSplit.Test,
            DatasetSplit.Test => DatasetSplit.Validation,
            _ => split,
        };
        if (!splits.TryGetValue(split, out var path) && !splits.TryGetValue(other, out path))
        {
            throw new DataException($"'{folder}' has a 'train' folder but neither 'val' nor 'test': add one of them.");
        }

        var dataset = new ImageFolderDataset(path);
        if (split != DatasetSplit.Train)
        {
            using var train = new ImageFolderDataset(splits[DatasetSplit.Train]);
            if (!train.ClassNames.SequenceEqual(dataset.ClassNames))
            {
                var odd = train.ClassNames.Except(dataset.ClassNames).Concat(dataset.ClassNames.Except(train.ClassNames)).First();
                throw new DataException($"'{path}' and '{splits[DatasetSplit.Train]}' differ in their classes: '{odd}' is in one of them only.");
            }
        }

        return dataset;
    }

    private static SubsetDataset OpenFlat(string folder, DatasetSplit split)
    {
        var whole = new ImageFolderDataset(folder);
        var heldOut = SubsetDataset.ByClass(whole, HoldOutSeed).SelectMany(members => members.Take((int)Math.Round(members.Length * HoldOut))).ToHashSet();
        if (heldOut.Count == 0)
        {
            throw new DataException($"'{folder}' has too few images to hold {HoldOut:P0} of each class out: add images, or make 'train' and 'test' folders.");
        }

        var training = split == DatasetSplit.Train;
        return new SubsetDataset(whole, [.. Enumerable.Range(0, whole.Count).Where(i => heldOut.Contains(i) != training)]);
    }
}
