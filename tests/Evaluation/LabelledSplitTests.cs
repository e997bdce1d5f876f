using OneFractal.Evaluation;
using OneFractal.Data;
using OneFractal.Tests.Training;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class LabelledSplitTests
{
    [TestMethod]
    public void Parts_DoNotOverlap_AreStratified_AndDependOnTheSeedAlone()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 30, third: true);
        using var pool = Datasets.Open(folder["photos"], DatasetSplit.Train);
        var split = LabelledSplit.Share(pool, 45, 9, seed: 1);
        Assert.HasCount(36, split.Training);
        Assert.HasCount(9, split.Validation);
        Assert.HasCount(45, split.All.Distinct());
        CollectionAssert.AreEqual(new[] { 12, 12, 12 }, PerClass(pool, split.Training));
        CollectionAssert.AreEqual(new[] { 3, 3, 3 }, PerClass(pool, split.Validation));
        CollectionAssert.AreEqual(split.Training, LabelledSplit.Share(pool, 45, 9, seed: 1).Training);
        CollectionAssert.AreNotEqual(split.Training, LabelledSplit.Share(pool, 45, 9, seed: 2).Training);
        CollectionAssert.AreNotEqual(split.All, LabelledSplit.Share(pool, 45, 9, seed: 2).All);

        var shots = LabelledSplit.PerClass(pool, 6, seed: 1);
        CollectionAssert.AreEqual(new[] { 6, 6, 6 }, PerClass(pool, shots.Training));
        CollectionAssert.AreEqual(new[] { 4, 4, 4 }, PerClass(pool, shots.Validation));
        Assert.HasCount(30, shots.All.Distinct());
        CollectionAssert.AreEqual(new[] { 1, 1, 1 }, PerClass(pool, LabelledSplit.PerClass(pool, 1, seed: 1).Validation));
        Assert.ThrowsExactly<UsageException>(() => LabelledSplit.PerClass(pool, 22, seed: 1), "24 of each class are not enough for 22 and 4 more.");
    }

    private static int[] PerClass(IImageDataset pool, int[] indices)
    {
        return [.. Enumerable.Range(0, pool.ClassNames.Count).Select(c => indices.Count(i => pool.Label(i) == c))];
    }
}
