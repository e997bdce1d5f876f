namespace OneFractal.Tests.Common;

[TestClass]
public sealed class MarkdownTableTests
{
    [TestMethod]
    public void Columns_ArePadded_NumbersToTheRight_AndBarsDoNotEndACell()
    {
        const string Expected = """
            | name   | top-1 |
            | ------ | ----: |
            | a\|b   | 9.5 % |
            | longer |     - |

            """;
        var table = MarkdownTable.Format(["name", "top-1"], [["a|b", "9.5 %"], ["longer", "-"]]);
        Assert.AreEqual(Expected, table);
    }

    [TestMethod]
    public void Words_AreNotNumbers()
    {
        Assert.IsTrue(MarkdownTable.IsNumeric([["-1.5"], ["-"], [""]], 0));
        Assert.IsFalse(MarkdownTable.IsNumeric([["-"]], 0));
        Assert.IsFalse(MarkdownTable.IsNumeric([["1"], ["none"]], 0));
    }

    [TestMethod]
    [DataRow("81.2 %", true)]
    [DataRow("+1.20 ± 0.30", true)]
    [DataRow("6.0e-6", true)]
    [DataRow("1,345,896", true)]
    [DataRow("5%", true)]
    [DataRow("1p-frac", false)]
    [DataRow("7f600e96237e02d1", false)]
    [DataRow("-", false)]
    [DataRow("", false)]
    public void Number_MayHaveAUnit_AndANameMayBeginWithADigit(string cell, bool expected)
    {
        Assert.AreEqual(expected, MarkdownTable.IsNumber(cell));
    }
}
