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
}
