using OneFractal.Common;
using OneFractal.Data.Benchmarks;
using OneFractal.Data.Loading;
using OneFractal.Data.Synthesis;
using OneFractal.Data.Transforms;

namespace OneFractal.Tests.Data;

/// <summary>That the benchmarks measure everything they promise; how fast it is, no test says.</summary>
[TestClass]
public sealed class BenchmarkTests
{
    [TestMethod]
    public void The_renderer_is_measured_in_both_modes_at_three_sizes()
    {
        var rates = SynthesisBenchmark.Run(window: TimeSpan.FromMilliseconds(1));
        CollectionAssert.AreEqual(
            new[] { "exact 64", "exact 224", "exact 512", "fast 64", "fast 224", "fast 512" },
            rates.Select(rate => $"{rate.Mode} {rate.Size}").ToArray());
        Assert.IsTrue(rates.All(rate => rate is { ImagesPerSecondPerCore: > 0, ImagesPerSecond: > 0, MillisecondsAlone: > 0 }));
    }

    [TestMethod]
    public void The_loader_is_measured_stage_by_stage()
    {
        using var dataset = new SyntheticDataset(new NoiseSet(new NoiseSetSettings { Classes = 10, Size = 32 }));
        var transform = new TrainingTransform(new Preprocessing(3, 16, 16), new TrainingTransformSettings());
        var rates = LoaderBenchmark.Run(dataset, transform, new LoaderSettings { BatchSize = 16 }, TimeSpan.FromMilliseconds(20));
        Assert.IsTrue(rates is { LoadImagesPerSecond: > 0, TransformImagesPerSecond: > 0, LoaderImagesPerSecond: > 0 });
    }
}
