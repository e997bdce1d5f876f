using CsCheck;
using OneFractal.Inference;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class PercentilesTests
{
    [TestMethod]
    public void NearestRank_IsTheSmallestValueThatTheShareReaches()
    {
        // In whole thousandths, so that the definition can be counted without rounding.
        Gen.Select(Gen.Int[0, 40].Array[1, 300], Gen.Int[0, 1000]).Sample((values, thousandths) =>
        {
            double[] sorted = [.. values.Select(v => (double)v).Order()];
            var expected = sorted.First(v => 1000L * sorted.Count(s => s <= v) >= (long)thousandths * sorted.Length);
            Assert.AreEqual(expected, Percentiles.NearestRank(sorted, thousandths / 1000.0));
        });
        double[] thousand = [.. Enumerable.Range(1, 1000).Select(i => (double)i)];
        Assert.AreEqual(999, Percentiles.NearestRank(thousand, 0.999));
        Assert.AreEqual(1000, Percentiles.NearestRank(thousand, 1));
        Assert.AreEqual(7, Percentiles.NearestRank([7], 0.95));
    }
}
