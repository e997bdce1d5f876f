using OneFractal.Common;
using OneFractal.Data;
using OneFractal.Data.Fractals;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;
using OneFractal.Data.Synthesis;
using OneFractal.Data.Transforms;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class BatchLoaderTests
{
    private static readonly FractalSet Fractals = FractalSet.Create(new FractalSetSettings
    {
        Classes = 20,
        Render = new RenderSettings { Size = 32, Points = 500 },
    });

    private static readonly TrainingTransform Transform = new(new Preprocessing(1, 16, 16), new TrainingTransformSettings());

    [TestMethod]
    public void Batches_do_not_depend_on_the_number_of_workers()
    {
        var one = Take(new LoaderSettings { BatchSize = 8, Workers = 1, Prefetch = 1, Seed = 3 }, first: 0, count: 12);
        var four = Take(new LoaderSettings { BatchSize = 8, Workers = 4, Prefetch = 3, Seed = 3 }, first: 0, count: 12);
        CollectionAssert.AreEqual(one, four);
        CollectionAssert.AreNotEqual(one, Take(new LoaderSettings { BatchSize = 8, Seed = 4 }, first: 0, count: 12));
    }

    [TestMethod]
    public void A_stream_resumes_at_any_step()
    {
        var settings = new LoaderSettings { BatchSize = 8, Workers = 2, Seed = 3 };
        CollectionAssert.AreEqual(Take(settings, first: 0, count: 12)[7..], Take(settings, first: 7, count: 5));
    }

    [TestMethod]
    public void Every_epoch_shows_every_image_once_even_when_a_batch_holds_several_epochs()
    {
        using var dataset = new SyntheticDataset(Fractals);
        var loader = new BatchLoader(dataset, Transform, new LoaderSettings { BatchSize = 50 });
        var indices = new List<int>();
        foreach (var batch in loader.Stream().Take(2))
        {
            Assert.AreEqual(50, batch.Count);
            indices.AddRange(batch.Indices.Span);
            for (var i = 0; i < batch.Count; i++)
            {
                Assert.AreEqual(dataset.Label(batch.Indices.Span[i]), batch.Labels.Span[i]);
            }

            batch.Dispose();
        }

        var epochs = indices.Chunk(20).ToArray();
        foreach (var epoch in epochs)
        {
            CollectionAssert.AreEquivalent(Enumerable.Range(0, 20).ToArray(), epoch);
        }

        CollectionAssert.AreNotEqual(epochs[0], epochs[1]);
    }

    [TestMethod]
    public void An_evaluation_pass_is_ordered_and_complete()
    {
        using var dataset = new SyntheticDataset(Fractals);
        var loader = new BatchLoader(dataset, new EvaluationTransform(new Preprocessing(3, 16, 16)), new LoaderSettings { BatchSize = 8, Workers = 3 });
        Assert.AreEqual(3, loader.PassLength);
        var seen = new List<int>();
        var sizes = new List<int>();
        foreach (var batch in loader.Pass())
        {
            using (batch)
            {
                seen.AddRange(batch.Indices.Span);
                sizes.Add(batch.Count);
                Assert.AreEqual(batch.Count * 3 * 16 * 16, batch.Pixels.Length);
            }
        }

        CollectionAssert.AreEqual(Enumerable.Range(0, 20).ToArray(), seen);
        CollectionAssert.AreEqual(new[] { 8, 8, 4 }, sizes);
    }

    [TestMethod]
    public void A_damaged_image_reaches_the_consumer_with_its_name_and_at_its_batch()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, 2, 5);
        var bad = folder["b", "001.png"];
        File.WriteAllBytes(bad, File.ReadAllBytes(bad)[..40]);
        using var dataset = new ImageFolderDataset(folder.Path);
        var loader = new BatchLoader(dataset, new EvaluationTransform(new Preprocessing(3, 16, 16)), new LoaderSettings { BatchSize = 2, Workers = 2 });
        var batches = 0;
        var error = Assert.ThrowsExactly<BadImageException>(() =>
        {
            foreach (var batch in loader.Pass())
            {
                batch.Dispose();
                batches++;
            }
        });
        Assert.AreEqual(bad, error.Path);
        Assert.AreEqual(3, batches);
    }

    [TestMethod]
    public void Cancellation_ends_the_stream()
    {
        using var dataset = new SyntheticDataset(Fractals);
        using var cancellation = new CancellationTokenSource();
        var loader = new BatchLoader(dataset, Transform, new LoaderSettings { BatchSize = 4, Workers = 2, Prefetch = 1 });
        Assert.ThrowsExactly<OperationCanceledException>(() =>
        {
            // The batches are never given back, so that the stream ends up waiting when it is cancelled.
            foreach (var batch in loader.Stream(0, cancellation.Token))
            {
                if (batch.Step == 1)
                {
                    cancellation.CancelAfter(20);
                }
            }
        });
    }

    [TestMethod]
    [Timeout(20_000, CooperativeCancellation = false)]
    public void Stopping_early_ends_cleanly()
    {
        using var dataset = new SyntheticDataset(Fractals);
        var loader = new BatchLoader(dataset, Transform, new LoaderSettings { BatchSize = 4, Workers = 3, Prefetch = 1 });
        // Leaving the loop waits for the workers, so a worker that does not end hangs here.
        for (var i = 0; i < 20; i++)
        {
            foreach (var batch in loader.Stream())
            {
                batch.Dispose();
                break;
            }
        }
    }

    private static string[] Take(LoaderSettings settings, long first, int count)
    {
        using var dataset = new SyntheticDataset(Fractals);
        var taken = new List<string>();
        foreach (var batch in new BatchLoader(dataset, Transform, settings).Stream(first).Take(count))
        {
            var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(batch.Pixels.Span);
            taken.Add($"{batch.Step} {string.Join(',', batch.Indices.ToArray())} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes))}");
            batch.Dispose();
        }

        return [.. taken];
    }
}
