using CsCheck;
using OneFractal.Data;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OpenCvSharp;

namespace OneFractal.Tests.Inference;

[TestClass]
public sealed class FilePredictorTests
{
    private static readonly SessionSettings Cpu = new() { Device = ComputeDevice.Cpu };

    [TestMethod]
    public void AnyMixOfFiles_BatchesAndWorkers_GivesTheRowsOfOneAtATime()
    {
        using var folder = new TempFolder();
        var paths = WriteFiles(folder);
        using var one = Classifier.Create(TestModels.Classifier(), Cpu);
        using var two = Classifier.Create(TestModels.Classifier(), Cpu with { Threads = 2, ParallelRuns = 2 });
        var expected = paths.ToDictionary(path => path, path => Alone(one, path));
        var mixes = Gen.Select(Gen.Int[0, paths.Length - 1].Select(i => paths[i]).Array[0, 25], Gen.Int[1, 9], Gen.Int[1, 4], Gen.Bool);
        mixes.Sample(
            (files, batch, workers, sideBySide) =>
            {
                var rows = FilePredictor.Predict(sideBySide ? two : one, files, batch, workers).ToArray();
                CollectionAssert.AreEqual(files, rows.Select(r => r.Path).ToArray());
                foreach (var row in rows)
                {
                    var (probabilities, error) = expected[row.Path];
                    Assert.AreEqual(error, row.Error);
                    Assert.AreEqual(error is null, row.Prediction is not null);
                    foreach (var (e, a) in (probabilities ?? []).Zip(row.Prediction?.Probabilities ?? []))
                    {
                        Assert.AreEqual(e, a, 1e-5f);
                    }
                }
            },
            iter: 60,
            threads: 1);
    }

    [TestMethod]
    public void Thousands_AreNeverListedFurtherThanTheBatchesThatExist()
    {
        const int Files = 200, Times = 20, Batch = 16;
        using var folder = new TempFolder();
        using (var image = TestImages.Noise(6, 5, 3))
        {
            TestImages.Write(folder["image.png"], image);
        }

        Directory.CreateDirectory(folder["many"]);
        for (var i = 0; i < Files; i++)
        {
            File.CreateSymbolicLink(folder["many", $"{i}.png"], folder["image.png"]);
        }

        using var classifier = Classifier.Create(TestModels.Small(), Cpu with { Threads = 1 });
        var (listed, seen) = (0, 0);
        var paths = ImageFiles.Find(Enumerable.Repeat(folder["many"], Times)).Select(path =>
        {
            Interlocked.Increment(ref listed);
            return path;
        });
        foreach (var row in FilePredictor.Predict(classifier, paths, Batch, workers: 2))
        {
            Assert.IsNull(row.Error);
            // Three batches exist beside the rows that are being read, and one more path is looked at to see whether there is one.
            Assert.IsLessThanOrEqualTo(4 * Batch + 1, Volatile.Read(ref listed) - (seen / Batch * Batch));
            seen++;
        }

        Assert.AreEqual(Files * Times, seen);
    }

    [TestMethod]
    public void WhatFailsWhileListing_ComesAfterTheFilesBeforeIt()
    {
        using var folder = new TempFolder();
        var paths = WriteFiles(folder);
        using var classifier = Classifier.Create(TestModels.Classifier(), Cpu);
        var seen = new List<string>();
        Directory.CreateDirectory(folder["empty"]);
        var error = Assert.ThrowsExactly<DataException>(() =>
        {
            foreach (var row in FilePredictor.Predict(classifier, ImageFiles.Find([.. paths, folder["empty"]]), batchSize: 3))
            {
                seen.Add(row.Path);
            }
        });
        Assert.Contains("no images", error.Message);
        CollectionAssert.AreEqual(paths, seen);
    }

    [TestMethod]
    [Timeout(20_000, CooperativeCancellation = false)]
    public void StoppingEarly_CancellingAndBadModels_EndEveryThread()
    {
        using var folder = new TempFolder();
        var path = WriteFiles(folder)[0];
        using var classifier = Classifier.Create(TestModels.Classifier(), Cpu);
        for (var i = 0; i < 10; i++)
        {
            // Leaving the loop waits for the threads, so that one that does not end hangs here.
            Assert.AreEqual(path, FilePredictor.Predict(classifier, Endless(path), batchSize: 4).First().Path);
        }

        using var cancellation = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() =>
        {
            foreach (var _ in FilePredictor.Predict(classifier, Endless(path), batchSize: 4, cancellation: cancellation.Token))
            {
                cancellation.Cancel();
            }
        });
        Assert.Contains("too large", Assert.ThrowsExactly<UsageException>(() => FilePredictor.Predict(classifier, [path], batchSize: int.MaxValue)).Message);
        var gone = Classifier.Create(TestModels.Classifier(), Cpu);
        gone.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => FilePredictor.Predict(gone, Endless(path), batchSize: 4).First());
    }

    [TestMethod]
    public void AWaitForALine_EndsWithCancellation()
    {
        using var cancellation = new CancellationTokenSource(50);
        using var never = new ManualResetEventSlim();
        using var reader = new WaitingReader(never);
        Assert.Throws<OperationCanceledException>(() => ImageFiles.ReadList(reader, cancellation.Token).First());
        never.Set();
        CollectionAssert.AreEqual(new[] { "a b.png", "c.png" }, ImageFiles.ReadList(new StringReader("a b.png\r\n\nc.png")).ToArray());
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

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void Listing_IsSorted_WhateverItMayHold_AndEndsWhereALinkLeadsBack()
    {
        using var folder = new TempFolder();
        var random = new RandomStream(5);
        // Names around the slash, whose place in the order decides which folder comes when.
        string[] parts = ["a", "a-b", "a.b", "aa", "a0", "é", "Z"];
        for (var i = 0; i < 60; i++)
        {
            var path = folder[[.. Enumerable.Range(0, 1 + random.NextInt(3)).Select(_ => parts[random.NextInt(parts.Length)]), $"{random.NextInt(9)}.png"]];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "");
        }

        Directory.CreateSymbolicLink(folder["a", "back"], folder.Path);
        string[] expected = [.. Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(folder.Path, p)).Where(p => !p.Contains("back")).Order(StringComparer.Ordinal)];
        foreach (var held in new[] { 1, 2, 3, 7, 1000 })
        {
            CollectionAssert.AreEqual(expected, SortedListing.Of(folder.Path, name => name.EndsWith(".png", StringComparison.Ordinal), held: held).ToArray());
        }
    }

    /// <summary>Good and bad files, and one that is not there.</summary>
    private static string[] WriteFiles(TempFolder folder)
    {
        string[] paths = [.. Enumerable.Range(0, 9).Select(i => folder[$"{i}.{(i % 2 == 0 ? "png" : "jpg")}"]), folder["thin.png"], folder["missing.png"], folder["zero\0byte.png"]];
        for (var i = 0; i < 9; i++)
        {
            using var image = TestImages.Noise(30 + 7 * i, 20 + i, i == 4 ? 1 : 3, (ulong)i);
            TestImages.Write(paths[i], image);
        }

        using (var thin = new Mat(1, 130_000, MatType.CV_8UC1, Scalar.All(7)))
        {
            TestImages.Write(folder["thin.png"], thin);
        }

        File.WriteAllText(paths[2], "a text");
        File.WriteAllBytes(paths[5], []);
        File.WriteAllBytes(paths[7], File.ReadAllBytes(paths[8])[..100]);
        return paths;
    }

    private static (IReadOnlyList<float>? Probabilities, string? Error) Alone(Classifier classifier, string path)
    {
        try
        {
            return (classifier.Predict(path).Probabilities, null);
        }
        catch (BadImageException e)
        {
            return (null, e.Problem);
        }
        catch (DataException e)
        {
            return (null, e.Message);
        }
    }

    private static IEnumerable<string> Endless(string path)
    {
        while (true)
        {
            yield return path;
        }
    }

    private sealed class WaitingReader(ManualResetEventSlim until) : TextReader
    {
        public override string? ReadLine()
        {
            until.Wait();
            return null;
        }
    }
}
