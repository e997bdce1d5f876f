using OneFractal.Data;
using OneFractal.Data.Readers;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class CifarAndManifestTests
{
    [TestMethod]
    public void Cifar_10_is_read_across_its_files()
    {
        using var folder = new TempFolder();
        for (var batch = 1; batch <= 5; batch++)
        {
            File.WriteAllBytes(folder[$"data_batch_{batch}.bin"], [.. Record([(byte)batch], (byte)(10 * batch)), .. Record([9], 7)]);
        }

        File.WriteAllBytes(folder["test_batch.bin"], Record([3], 1));
        File.WriteAllLines(folder["batches.meta.txt"], ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck", ""]);
        using var train = Datasets.Open(folder.Path, DatasetSplit.Train);
        using var test = Datasets.Open(folder.Path, DatasetSplit.Test);
        Assert.AreEqual((10, 1), (train.Count, test.Count));
        Assert.AreEqual("cat", test.ClassNames[test.Label(0)]);
        Assert.AreEqual(4, train.Label(6));
        using var image = train.Load(6);
        // The planes of the record are v, v + 1 and v + 2.
        CollectionAssert.AreEqual(new byte[] { 40, 41, 42 }, image.AsSpan<byte>()[..3].ToArray());
        StringAssert.EndsWith(train.Describe(7), "data_batch_4.bin[1]");
    }

    [TestMethod]
    public void Cifar_100_takes_the_fine_label()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["train.bin"], [.. Record([1, 99], 5), .. Record([2, 42], 6)]);
        File.WriteAllBytes(folder["test.bin"], Record([1, 0], 5));
        using var train = Datasets.Open(folder.Path, DatasetSplit.Train);
        Assert.AreEqual((99, 42), (train.Label(0), train.Label(1)));
        Assert.HasCount(100, train.ClassNames);
    }

    [TestMethod]
    public void A_damaged_cifar_file_is_refused_by_name()
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["train.bin"], Record([1, 99], 5)[..^1]);
        File.WriteAllBytes(folder["test.bin"], Record([1, 200], 5));
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => CifarDataset.Open(folder.Path, DatasetSplit.Train)).Message, "train.bin");
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => CifarDataset.Open(folder.Path, DatasetSplit.Test)).Message, "label 200");
    }

    [TestMethod]
    public void A_manifest_names_its_images_relative_to_itself()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["images"], 2, 3);
        File.WriteAllText(folder["set.csv"], "split,path,label\ntrain,images/a/000.png,\"cat, big\"\ntrain,images/b/000.png,dog\ntest,images/b/001.png,dog\n");
        using var train = Datasets.Open(folder["set.csv"], DatasetSplit.Train);
        using var test = Datasets.Open(folder["set.csv"], DatasetSplit.Test);
        Assert.AreEqual((2, 1), (train.Count, test.Count));
        CollectionAssert.AreEqual(new[] { "cat, big", "dog" }, test.ClassNames.ToArray());
        Assert.AreEqual(1, test.Label(0));
        test.Load(0).Dispose();
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => Datasets.Open(folder["set.csv"], DatasetSplit.Validation)).Message, "Validation");
    }

    [TestMethod]
    public void A_manifest_without_splits_holds_some_images_out()
    {
        using var folder = new TempFolder();
        File.WriteAllLines(folder["set.csv"], ["path,label", .. Enumerable.Range(0, 20).Select(i => $"{i}.png,{(i < 10 ? "x" : "y")}")]);
        Assert.AreEqual(16, Datasets.Open(folder["set.csv"], DatasetSplit.Train).Count);
        Assert.AreEqual(4, Datasets.Open(folder["set.csv"], DatasetSplit.Test).Count);
    }

    [TestMethod]
    [DataRow("path,class\na.png,x\n", "'label'")]
    [DataRow("path,label\na.png,x\nb.png,\n", "label is empty")]
    [DataRow("path,label\na.png,x\n", "only one class")]
    [DataRow("path,label,split\na.png,x,train\nb.png,y,tomorrow\n", "tomorrow")]
    [DataRow("", "no images")]
    public void A_manifest_that_makes_no_sense_is_refused(string content, string expected)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["set.csv"], content);
        var error = Assert.ThrowsExactly<DataException>(() => Datasets.Open(folder["set.csv"], DatasetSplit.Train));
        StringAssert.Contains(error.Message, expected);
        Assert.AreEqual(1, error.Message.Split('\n').Length);
    }

    [TestMethod]
    public void A_folder_of_mnist_files_is_recognised()
    {
        using var folder = new TempFolder();
        DatasetsTests.WriteIdx(folder["train-images-idx3-ubyte"], [2, 2, 2], new byte[8], gzipped: false);
        DatasetsTests.WriteIdx(folder["train-labels-idx1-ubyte"], [2], [0, 1], gzipped: false);
        using var train = Datasets.Open(folder.Path, DatasetSplit.Train);
        Assert.AreEqual(2, train.Count);
        Assert.ThrowsExactly<DataException>(() => Datasets.Open(folder.Path, DatasetSplit.Test));
    }

    private static byte[] Record(byte[] labels, byte value)
    {
        return [.. labels, .. Enumerable.Range(0, 3 * 1024).Select(i => (byte)(value + i / 1024))];
    }
}
