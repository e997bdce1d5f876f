using System.Collections.Immutable;
using OneFractal.Common;

namespace OneFractal.Data.Fetching;

/// <summary>The data sets that <c>data fetch</c> knows, with the checksums their publishers give.</summary>
internal static class KnownDatasets
{
    private const string Cifar = "https://www.cs.toronto.edu/~kriz/";
    private const string FashionMnist = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

    private static readonly ImmutableSortedDictionary<string, ImmutableArray<RemoteFile>> Sets = new Dictionary<string, ImmutableArray<RemoteFile>>
    {
        ["cifar10"] = [new RemoteFile(new Uri(Cifar + "cifar-10-binary.tar.gz"), "c32a1d4ab5d03f1284b67883e8d87530", "cifar-10-batches-bin")],
        ["cifar100"] = [new RemoteFile(new Uri(Cifar + "cifar-100-binary.tar.gz"), "03b5dce01913d631647c71ecec9e9cb8", "cifar-100-binary")],
        ["fashion-mnist"] =
        [
            new RemoteFile(new Uri(FashionMnist + "train-images-idx3-ubyte.gz"), "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            new RemoteFile(new Uri(FashionMnist + "train-labels-idx1-ubyte.gz"), "25c81989df183df01b3e8a0aad5dffbe"),
            new RemoteFile(new Uri(FashionMnist + "t10k-images-idx3-ubyte.gz"), "bef4ecab320f06d8554ea6380940ec79"),
            new RemoteFile(new Uri(FashionMnist + "t10k-labels-idx1-ubyte.gz"), "bb300cfdad3c16e7a12a480ee83cd310"),
        ],
    }.ToImmutableSortedDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names.</summary>
    public static IEnumerable<string> Names => Sets.Keys;

    /// <summary>The files of a set.</summary>
    /// <exception cref="UsageException">It is not known.</exception>
    public static ImmutableArray<RemoteFile> Find(string name) => Sets.TryGetValue(name, out var files)
        ? files
        : throw new UsageException($"Unknown data set '{name}': data fetch knows {string.Join(", ", Names)}.");
}
