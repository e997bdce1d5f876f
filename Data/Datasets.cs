using OneFractal.Common;
using OneFractal.Data.Readers;

namespace OneFractal.Data;

/// <summary>Opens a data set by what a user calls it.</summary>
public static class Datasets
{
    private const ulong HoldOutSeed = 0;

    /// <summary>Share of a folder without splits that is kept out of <see cref="DatasetSplit.Train"/>.</summary>
    public const double HoldOut = 0.2;

    /// <summary>
    /// Opens <paramref name="spec"/>: <c>fashion-mnist</c>; a CSV manifest (columns path, label and perhaps split); a folder with the files of MNIST
    /// (IDX) or CIFAR (binary version); a folder with <c>train</c>, <c>val</c> and <c>test</c> folders that hold class folders; or a folder with class
    /// folders. Where nothing says what belongs to which split, a fixed, stratified fifth is the validation and test split; where there is
    /// only one of <c>val</c> and <c>test</c>, it serves as both.
    /// </summary>
    /// <exception cref="DataException">It is not there, or not such a data set, or has no such split.</exception>
    public static IImageDataset Open(string spec, DatasetSplit split)
    {
        if (spec.Equals("fashion-mnist", StringComparison.OrdinalIgnoreCase))
        {
            // Its authors give no validation images; the test set is what is reported, so it must be asked for by name.
            return FashionMnist.Open(split);
        }

        if (File.Exists(spec) && Path.GetExtension(spec).Equals(".csv", StringComparison.OrdinalIgnoreCase))
        {
            return ManifestDataset.HasSplits(spec) ? ManifestDataset.Open(spec, split) : HoldSomeOut(ManifestDataset.Open(spec), spec, split);
        }

        if (!Directory.Exists(spec))
        {
            throw new DataException($"There is no data set '{spec}': give a folder of class folders, a .csv manifest, or fashion-mnist.");
        }

        if (CifarDataset.IsIn(spec))
        {
            return CifarDataset.Open(spec, split);
        }

        if (IdxDataset.IsIn(spec))
        {
            return IdxDataset.Open(spec, split);
        }

        return SplitFolders(spec) is { Count: > 0 } splits ? OpenSplit(spec, split, splits) : HoldSomeOut(new ImageFolderDataset(spec), spec, split);
    }

    /// <summary>
    /// Opens <paramref name="spec"/> as <see cref="Open(string, DatasetSplit)"/> does; with <see cref="OnBadImage.Skip"/> every image is decoded first, and those
    /// that fail are left out and listed in the CSV file <paramref name="listPath"/>, if there are any.
    /// </summary>
    /// <exception cref="DataException">It is not there, or not such a data set, or has no such split, or no good image of a class.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IImageDataset Open(
        string spec, DatasetSplit split, OnBadImage onBadImage, string listPath, IProgressReporter progress, CancellationToken cancellation = default)
    {
        var dataset = Open(spec, split);
        if (onBadImage == OnBadImage.Fail)
        {
            return dataset;
        }

        var (good, skipped) = BadImages.Skip(dataset, listPath, progress, cancellation);
        if (skipped > 0)
        {
            progress.Message($"{skipped} of {dataset.Count} images cannot be decoded and are left out; they are listed in {listPath}.");
        }

        return good;
    }

    /// <summary>Whether <paramref name="spec"/> itself says which images are for validation, other ones than those for testing.</summary>
    public static bool HasValidation(string spec)
    {
        if (File.Exists(spec) && Path.GetExtension(spec).Equals(".csv", StringComparison.OrdinalIgnoreCase))
        {
            return ManifestDataset.Has(spec, DatasetSplit.Validation);
        }

        return Directory.Exists(spec) && !CifarDataset.IsIn(spec) && !IdxDataset.IsIn(spec)
            && SplitFolders(spec) is var splits && splits.ContainsKey(DatasetSplit.Validation) && splits.ContainsKey(DatasetSplit.Test);
    }

    /// <summary>The split that a folder or a column calls <paramref name="name"/>; null for any other word.</summary>
    internal static DatasetSplit? ParseSplit(string name) => name.ToLowerInvariant() switch
    {
        "train" or "training" => DatasetSplit.Train,
        "val" or "valid" or "validation" => DatasetSplit.Validation,
        "test" => DatasetSplit.Test,
        _ => null,
    };

    private static Dictionary<DatasetSplit, string> SplitFolders(string folder)
    {
        var splits = new Dictionary<DatasetSplit, string>();
        foreach (var path in ImageFolderDataset.SubFolders(folder))
        {
            if (ParseSplit(Path.GetFileName(path)) is { } known)
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

    private static SubsetDataset HoldSomeOut(IImageDataset whole, string spec, DatasetSplit split)
    {
        var heldOut = SubsetDataset.ByClass(whole, HoldOutSeed).SelectMany(members => members.Take((int)Math.Round(members.Length * HoldOut))).ToHashSet();
        if (heldOut.Count == 0)
        {
            throw new DataException($"'{spec}' has too few images to hold {HoldOut:P0} of each class out: add images, or say what is for training and what for testing.");
        }

        var training = split == DatasetSplit.Train;
        return new SubsetDataset(whole, [.. Enumerable.Range(0, whole.Count).Where(i => heldOut.Contains(i) != training)]);
    }
}
