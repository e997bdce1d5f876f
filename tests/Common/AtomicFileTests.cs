namespace OneFractal.Tests.Common;

[TestClass]
public sealed class AtomicFileTests
{
    [TestMethod]
    public void AFailedWrite_LeavesTheOldFileAndNothingElse()
    {
        using var folder = new TempFolder();
        AtomicFile.WriteText(folder["a", "b", "file.txt"], "old");
        Assert.ThrowsExactly<InvalidOperationException>(() => AtomicFile.Write(folder["a", "b", "file.txt"], stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));
        Assert.AreEqual("old", File.ReadAllText(folder["a", "b", "file.txt"]));
        Assert.HasCount(1, Directory.GetFiles(folder["a", "b"]));
    }

    [TestMethod]
    public void ALink_StaysOne_AndItsTargetIsWritten()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["to"]);
        File.WriteAllText(folder["to", "file.txt"], "old");
        File.CreateSymbolicLink(folder["link.txt"], Path.Combine("to", "file.txt"));
        AtomicFile.WriteText(folder["link.txt"], "new");
        Assert.IsNotNull(new FileInfo(folder["link.txt"]).LinkTarget);
        Assert.AreEqual("new", File.ReadAllText(folder["to", "file.txt"]));
    }

    [TestMethod]
    public void PlacesThatCannotBeWritten_AreOneClearLine()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["file"], "");
        Directory.CreateDirectory(folder["directory"]);
        StringAssert.Contains(Assert.ThrowsExactly<OneFractalException>(() => AtomicFile.WriteText(folder["file", "below"], "x")).Message, "Cannot write");
        StringAssert.Contains(Assert.ThrowsExactly<OneFractalException>(() => AtomicFile.WriteText(folder["directory"], "x")).Message, "Cannot write");
        Assert.ThrowsExactly<UsageException>(() => AtomicFile.WriteText("", "x"));
        Assert.HasCount(1, Directory.GetFiles(folder.Path), "No temporary file stays.");
    }
}
