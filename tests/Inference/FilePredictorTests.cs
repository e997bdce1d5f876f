using OneFractal.Data;
using OneFractal.Inference;
using OneFractal.Tests.Data;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class FilePredictorTests
{
    [TestMethod]
    public void BadFilesAreRows_AndTheOrderIsKept()
    {
        using var folder = new TempFolder();
        using var classifier = Classifier.Create(TestModels.Classifier());
        var paths = new List<string>();
        for (var i = 0; i < 11; i++)
        {
            paths.Add(folder[$"{i}.png"]);
            using var image = TestImages.Noise(30, 20, 3, (ulong)i);
            TestImages.Write(paths[i], image);
        }

        File.WriteAllText(paths[2], "a text");
        File.WriteAllBytes(paths[5], []);
        File.WriteAllBytes(paths[7], File.ReadAllBytes(paths[8])[..100]);
        paths.Add(folder["missing.png"]);

        var rows = FilePredictor.Predict(classifier, paths, batchSize: 4).ToArray();
        CollectionAssert.AreEqual(paths, rows.Select(r => r.Path).ToArray());
        CollectionAssert.AreEqual(new[] { 2, 5, 7, 11 }, rows.Index().Where(r => r.Item.Error is not null).Select(r => r.Index).ToArray());
        foreach (var row in rows.Where(r => r.Error is null))
        {
            Assert.AreEqual(classifier.Predict(row.Path).Probability, row.Prediction!.Probability, 1e-5f);
        }
    }

    [TestMethod]
    public void Files_FoldersAndGlobs()
    {
        using var folder = new TempFolder();
        string[] names = ["b/2.png", "b/10.PNG", "a/x/deep.jpg", "a/one.png", "a/.hidden.png", "a/notes.txt"];
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
            File.WriteAllText(folder[name], "");
        }

        string[] Find(params string[] arguments) => [.. ImageFiles.Find(arguments.Select(a => folder[a])).Select(p => Path.GetRelativePath(folder.Path, p))];

        CollectionAssert.AreEqual(new[] { "a/one.png", "a/x/deep.jpg", "b/10.PNG", "b/2.png" }, Find(""));
        CollectionAssert.AreEqual(new[] { "b/2.png", "a/one.png", "a/x/deep.jpg" }, Find("b/2.png", "a"));
        CollectionAssert.AreEqual(new[] { "a/one.png" }, Find("a/*"));
        CollectionAssert.AreEqual(new[] { "a/one.png", "a/x/deep.jpg" }, Find("a/**"));
        CollectionAssert.AreEqual(new[] { "a/one.png", "b/2.png" }, Find("**/*.png"));
        CollectionAssert.AreEqual(new[] { "b/2.png" }, Find("?/?.png"));
        CollectionAssert.AreEqual(new[] { "b/3*.png", "missing.png" }, Find("b/3*.png", "missing.png"));

        Directory.CreateDirectory(folder["empty"]);
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => Find("empty")).Message, "no images");
    }
}
