using System.IO.Compression;
using OneFractal.Common;
using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class DatasetsTests
{
    [TestMethod]
    public void A_flat_folder_is_split_the_same_way_every_time()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, classes: 3, perClass: 10);
        using var train = Datasets.Open(folder.Path, DatasetSplit.Train);
        using var test = Datasets.Open(folder.Path, DatasetSplit.Test);
        Assert.AreEqual(24, train.Count);
        Assert.AreEqual(6, test.Count);
        var trainPaths = Enumerable.Range(0, train.Count).Select(train.Describe).ToHashSet();
        Assert.IsFalse(Enumerable.Range(0, test.Count).Any(i => trainPaths.Contains(test.Describe(i))));
        CollectionAssert.AreEqual(new[] { "a", "b", "c" }, train.ClassNames.ToArray());
        Assert.AreEqual(2, Enumerable.Range(0, test.Count).Count(i => test.Label(i) == 1));
    }

    [TestMethod]
    public void Split_folders_are_taken_as_they_are()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["train"], 2, 3);
        TestImages.WriteClassFolders(folder["val"], 2, 1);
        using var train = Datasets.Open(folder.Path, DatasetSplit.Train);
        using var test = Datasets.Open(folder.Path, DatasetSplit.Test);
        Assert.AreEqual(6, train.Count);
        Assert.AreEqual(2, test.Count);
    }

    [TestMethod]
    public void Splits_with_other_classes_are_refused()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["train"], 3, 1);
        TestImages.WriteClassFolders(folder["test"], 2, 1);
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => Datasets.Open(folder.Path, DatasetSplit.Test)).Message, "'c'");
    }

    [TestMethod]
    public void Unusable_folders_are_refused_in_one_clear_line()
    {
        using var folder = new TempFolder();
        ExpectError(folder["missing"], "missing");
        Directory.CreateDirectory(folder["none"]);
        ExpectError(folder["none"], "no class folders");
        Directory.CreateDirectory(folder["empty", "a"]);
        Directory.CreateDirectory(folder["empty", "b"]);
        ExpectError(folder["empty"], "no images");
        TestImages.WriteClassFolders(folder["one"], 1, 3);
        ExpectError(folder["one"], "only one class");
        TestImages.WriteClassFolders(folder["hollow"], 2, 1);
        Directory.CreateDirectory(folder["hollow", "c"]);
        ExpectError(folder["hollow"], Path.Combine("hollow", "c"));

        static void ExpectError(string path, string expected)
        {
            var message = Assert.ThrowsExactly<DataException>(() => Datasets.Open(path, DatasetSplit.Train)).Message;
            StringAssert.Contains(message, expected);
            Assert.AreEqual(1, message.Split('\n').Length);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Idx_pairs_are_read_raw_and_gzipped(bool gzipped)
    {
        using var folder = new TempFolder();
        byte[] pixels = [.. Enumerable.Range(0, 3 * 2 * 4).Select(i => (byte)i)];
        WriteIdx(folder["i"], [3, 2, 4], pixels, gzipped);
        WriteIdx(folder["l"], [3], [1, 0, 2], gzipped);
        using var dataset = new IdxDataset(folder["i"], folder["l"]);
        Assert.AreEqual(3, dataset.Count);
        Assert.AreEqual(2, dataset.Label(2));
        using var image = dataset.Load(1);
        CollectionAssert.AreEqual(pixels[8..16], image.AsSpan<byte>().ToArray());
        Assert.AreEqual((2, 4), (image.Rows, image.Cols));
    }

    [TestMethod]
    public void Damaged_idx_files_are_refused_by_name()
    {
        using var folder = new TempFolder();
        WriteIdx(folder["i"], [3, 2, 4], new byte[24], gzipped: false);
        WriteIdx(folder["l"], [3], [1, 0, 2], gzipped: true);
        File.WriteAllBytes(folder["short"], File.ReadAllBytes(folder["i"])[..20]);
        File.WriteAllBytes(folder["shortgz"], File.ReadAllBytes(folder["l"])[..15]);
        File.WriteAllText(folder["text"], "hello");
        WriteIdx(folder["two"], [2], [1, 0], gzipped: false);
        foreach (var (images, labels, named) in new[] { ("short", "l", "short"), ("i", "shortgz", "shortgz"), ("i", "text", "text"), ("i", "two", "two"), ("l", "i", "swapped"), ("absent", "l", "absent") })
        {
            var error = Assert.ThrowsExactly<DataException>(() => new IdxDataset(folder[images], folder[labels]));
            StringAssert.Contains(error.Message, named);
        }
    }

    [TestMethod]
    public void Subsets_are_stratified_and_seeded()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, 3, 8);
        using var whole = new ImageFolderDataset(folder.Path);
        var subset = SubsetDataset.Stratified(whole, 10, seed: 1);
        var perClass = Enumerable.Range(0, 10).GroupBy(subset.Label).Select(group => group.Count()).ToArray();
        CollectionAssert.AreEqual(new[] { 4, 3, 3 }, perClass);
        CollectionAssert.AreEqual(Names(subset), Names(SubsetDataset.Stratified(whole, 10, seed: 1)));
        CollectionAssert.AreNotEqual(Names(subset), Names(SubsetDataset.Stratified(whole, 10, seed: 2)));
        Assert.AreEqual(6, SubsetDataset.PerClass(whole, 2, seed: 1).Count);
        Assert.ThrowsExactly<UsageException>(() => SubsetDataset.Stratified(whole, 25, seed: 1));
        Assert.ThrowsExactly<UsageException>(() => SubsetDataset.PerClass(whole, 9, seed: 1));

        static string[] Names(IImageDataset dataset) => [.. Enumerable.Range(0, dataset.Count).Select(dataset.Describe)];
    }

    internal static void WriteIdx(string path, int[] dimensions, byte[] data, bool gzipped)
    {
        using var file = File.Create(path);
        using var stream = gzipped ? new GZipStream(file, CompressionLevel.Fastest) : (Stream)file;
        stream.Write([0, 0, 8, (byte)dimensions.Length]);
        foreach (var size in dimensions)
        {
            stream.Write([(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size]);
        }

        stream.Write(data);
    }
}
