using OpenCvSharp;

namespace OneFractal.Data.Readers;

/// <summary>Grey images and labels of a pair of IDX files (MNIST, Fashion-MNIST, EMNIST ...), held in memory.</summary>
public sealed class IdxDataset : IImageDataset
{
    private readonly byte[] _pixels;
    private readonly byte[] _labels;
    private readonly string _path;

    /// <summary>Reads <paramref name="imagesPath"/> (count × height × width) and <paramref name="labelsPath"/> (count), raw or gzipped.</summary>
    /// <param name="imagesPath">The images.</param>
    /// <param name="labelsPath">Their labels.</param>
    /// <param name="classNames">Class names; the labels' numbers when null.</param>
    /// <exception cref="DataException">A file is missing or damaged, or the two do not fit together.</exception>
    public IdxDataset(string imagesPath, string labelsPath, IReadOnlyList<string>? classNames = null)
    {
        var images = IdxFile.Read(imagesPath);
        var labels = IdxFile.Read(labelsPath);
        if (images.Dimensions.Length != 3 || labels.Dimensions.Length != 1)
        {
            throw new DataException($"'{imagesPath}' and '{labelsPath}' are not a pair of IDX images and labels: are they swapped?");
        }

        if (images.Dimensions[0] != labels.Dimensions[0])
        {
            throw new DataException($"'{imagesPath}' holds {images.Dimensions[0]} images but '{labelsPath}' {labels.Dimensions[0]} labels: they belong to different sets.");
        }

        if (images.Data.Length == 0)
        {
            throw new DataException($"'{imagesPath}' holds no images.");
        }

        var classes = labels.Data.Max() + 1;
        ClassNames = classNames ?? [.. Enumerable.Range(0, classes).Select(label => label.ToString())];
        if (ClassNames.Count < classes)
        {
            throw new DataException($"'{labelsPath}' has label {classes - 1}, but there are only {ClassNames.Count} class names.");
        }

        if (ClassNames.Count < 2)
        {
            throw new DataException($"'{labelsPath}' has only one class: a classifier needs at least two.");
        }

        _pixels = images.Data;
        _labels = labels.Data;
        _path = imagesPath;
        Height = images.Dimensions[1];
        Width = images.Dimensions[2];
    }

    /// <summary>True when <paramref name="folder"/> holds files named as those of MNIST.</summary>
    public static bool IsIn(string folder) => FindImages(folder, DatasetSplit.Train) is not null || FindImages(folder, DatasetSplit.Test) is not null;

    /// <summary>Opens the training or test images in <paramref name="folder"/>: <c>train-images-idx3-ubyte[.gz]</c> and so on.</summary>
    /// <exception cref="DataException">A file is missing or damaged, or a validation split is asked for.</exception>
    public static IdxDataset Open(string folder, DatasetSplit split, IReadOnlyList<string>? classNames = null)
    {
        if (split == DatasetSplit.Validation)
        {
            throw new DataException($"The IDX files in '{folder}' have no validation split: hold some training images out, or use the test split.");
        }

        var images = FindImages(folder, split) ?? throw new DataException($"'{folder}' has no IDX file of the {split} images.");
        var labels = images.Replace("images-idx3", "labels-idx1", StringComparison.Ordinal);
        return new IdxDataset(images, labels, classNames);
    }

    /// <summary>Height of every image in pixels.</summary>
    public int Height { get; }

    /// <summary>Width of every image in pixels.</summary>
    public int Width { get; }

    /// <inheritdoc />
    public int Count => _labels.Length;

    /// <inheritdoc />
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc />
    public int Label(int index) => _labels[index];

    /// <inheritdoc />
    public Mat Load(int index)
    {
        var image = new Mat(Height, Width, MatType.CV_8UC1);
        _pixels.AsSpan(index * Height * Width, Height * Width).CopyTo(image.AsSpan<byte>());
        return image;
    }

    /// <inheritdoc />
    public string Describe(int index) => $"{_path}[{index}]";

    /// <inheritdoc />
    public void Dispose()
    {
    }

    private static string? FindImages(string folder, DatasetSplit split)
    {
        var path = Path.Combine(folder, split == DatasetSplit.Train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte");
        return File.Exists(path) ? path : File.Exists(path + ".gz") ? path + ".gz" : null;
    }
}
