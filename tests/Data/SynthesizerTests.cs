using OneFractal.Common;
using OneFractal.Data.Fractals;
using OneFractal.Data.Readers;
using OneFractal.Data.Synthesis;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class SynthesizerTests
{
    private static readonly FractalSet Set = FractalSet.Create(new FractalSetSettings
    {
        Classes = 6,
        ImagesPerClass = 2,
        Render = new RenderSettings { Size = 48, Points = 2000 },
    });

    [TestMethod]
    public void The_folder_is_a_data_set_of_the_same_images()
    {
        using var folder = new TempFolder();
        var result = Synthesizer.Write(folder["set"], Set);
        Assert.AreEqual((12, 12), (result.Images, result.Written));
        using var read = new ImageFolderDataset(folder["set"]);
        using var direct = new SyntheticDataset(Set);
        CollectionAssert.AreEqual(direct.ClassNames.ToArray(), read.ClassNames.ToArray());
        Assert.AreEqual(folder["set", "00005", "00005_0001.png"], read.Describe(11));
        for (var i = 0; i < read.Count; i++)
        {
            using var a = read.Load(i);
            using var b = direct.Load(i);
            CollectionAssert.AreEqual(b.AsSpan<byte>().ToArray(), a.AsSpan<byte>().ToArray());
            Assert.AreEqual(direct.Label(i), read.Label(i));
        }

        using var sheet = ImageDecoder.Load(folder["set", "contact-sheet.png"]);
        Assert.IsGreaterThan(300, sheet.Width);
        var rows = File.ReadAllLines(folder["set", "classes.csv"]);
        Assert.HasCount(13, rows);
        StringAssert.StartsWith(rows[0], "class,image,path,attempts,lit_pixels,a0,b0,");
        var expected = Set.Render(11, new byte[48 * 48]);
        CollectionAssert.AreEqual(expected, rows[12].Split(',')[3..].Select(double.Parse).ToArray());
    }

    [TestMethod]
    public void An_interrupted_run_is_completed_and_nothing_half_written_stays()
    {
        using var folder = new TempFolder();
        Synthesizer.Write(folder["set"], Set);
        var whole = Snapshot(folder["set"]);
        File.Delete(folder["set", "00003", "00003_0000.png"]);
        File.Delete(folder["set", "classes.csv"]);
        File.WriteAllText(folder["set", "00004", "00004_0000.png.123.partial"], "half");
        Assert.AreEqual(1, Synthesizer.Write(folder["set"], Set).Written);
        CollectionAssert.AreEqual(whole, Snapshot(folder["set"]));
    }

    [TestMethod]
    public void Cancellation_leaves_a_folder_that_can_be_completed()
    {
        using var folder = new TempFolder();
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => Synthesizer.Write(folder["set"], Set, null, cancellation.Token));
        Assert.IsFalse(File.Exists(folder["set", "classes.csv"]));
        Assert.AreEqual(12, Synthesizer.Write(folder["set"], Set).Written);
    }

    [TestMethod]
    public void A_folder_with_something_else_is_left_alone()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["letter.txt"], "keep me");
        Assert.ThrowsExactly<UsageException>(() => Synthesizer.Write(folder.Path, Set));
        Synthesizer.Write(folder["set"], Set);
        var other = FractalSet.Create(Set.Settings with { Seed = 9 });
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Synthesizer.Write(folder["set"], other)).Message, "other settings");
        Assert.AreEqual("keep me", File.ReadAllText(folder["letter.txt"]));
    }

    private static string[] Snapshot(string folder)
    {
        return [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => $"{path} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))}")];
    }
}
