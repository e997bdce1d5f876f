namespace OneFractal.Data.Readers;

/// <summary>Finds Fashion-MNIST where Debian's package <c>dataset-fashion-mnist</c> puts it (28×28 grey, 60,000 + 10,000 images).</summary>
public static class FashionMnist
{
    /// <summary>Where the package puts the four files.</summary>
    public const string DefaultFolder = "/usr/share/datasets/fashion-mnist";

    /// <summary>The names of the ten classes, in label order.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>True when the data set is on this machine.</summary>
    public static bool IsInstalled => IdxDataset.IsIn(DefaultFolder);

    /// <summary>Opens the training or test images.</summary>
    /// <exception cref="DataException">The files are not there, or a validation split is asked for.</exception>
    public static IdxDataset Open(DatasetSplit split, string folder = DefaultFolder)
    {
        return IdxDataset.IsIn(folder)
            ? IdxDataset.Open(folder, split, ClassNames)
            : throw new DataException($"Fashion-MNIST is not in '{folder}': install it with 'sudo apt-get install dataset-fashion-mnist'.");
    }
}
