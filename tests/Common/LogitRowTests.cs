namespace OneFractal.Tests.Common;

[TestClass]
public sealed class LogitRowTests
{
    [TestMethod]
    public void Figures_AreThoseOfTheDefinition()
    {
        float[] logits = [1f, 3f, -2f, 3f];
        var sum = logits.Sum(v => Math.Exp(v));
        Assert.AreEqual(1, LogitRow.ArgMax(logits), "The first of equal ones.");
        Assert.AreEqual(-Math.Log(Math.Exp(-2) / sum), LogitRow.CrossEntropy(logits, 2), 1e-12);
        Assert.AreEqual(Math.Exp(3) / sum, LogitRow.Softmax(logits)[3], 1e-7);
    }

    [TestMethod]
    public void LargeLogits_DoNotOverflow()
    {
        float[] logits = [1e30f, -1e30f];
        CollectionAssert.AreEqual(new[] { 1f, 0f }, LogitRow.Softmax(logits));
        Assert.AreEqual(0, LogitRow.CrossEntropy(logits, 0));
        Assert.AreEqual(-1000 + Math.Log(2) + 1000, LogitRow.CrossEntropy([-1000f, -1000f], 0), 1e-12);
    }
}
