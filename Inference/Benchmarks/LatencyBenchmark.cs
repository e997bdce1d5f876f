using System.Diagnostics;

namespace OneFractal.Inference;

/// <summary>Latency of single images and throughput of batches of a model alone: decoding and preprocessing are not in it.</summary>
public static class LatencyBenchmark
{
    /// <summary>Measures <paramref name="runner"/> on seeded noise.</summary>
    public static LatencyReport Measure(ModelRunner runner, LatencyBenchmarkSettings? settings = null)
    {
        settings ??= new LatencyBenchmarkSettings();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.BatchSize);
        var single = Time(runner, 1, settings);
        var batches = Time(runner, settings.BatchSize, settings);
        return new LatencyReport(
            runner.Device,
            single.Length,
            Percentiles.NearestRank(single, 0.5),
            Percentiles.NearestRank(single, 0.95),
            settings.BatchSize,
            settings.BatchSize / Percentiles.NearestRank(batches, 0.5) * 1000);
    }

    /// <summary>Milliseconds of each run, in ascending order.</summary>
    private static double[] Time(ModelRunner runner, int batchSize, LatencyBenchmarkSettings settings)
    {
        var random = new RandomStream(0, (ulong)batchSize);
        var images = new float[batchSize * runner.ImageLength];
        foreach (ref var value in images.AsSpan())
        {
            value = (float)random.Uniform(-1, 1);
        }

        var outputs = new float[batchSize * runner.OutputLength];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < settings.WarmUp && Stopwatch.GetElapsedTime(start) < settings.Limit; i++)
        {
            runner.Run(images, batchSize, outputs);
        }

        var times = new List<double>();
        start = Stopwatch.GetTimestamp();
        do
        {
            var before = Stopwatch.GetTimestamp();
            runner.Run(images, batchSize, outputs);
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
        while (times.Count < settings.Runs && Stopwatch.GetElapsedTime(start) < settings.Limit);

        return [.. times.Order()];
    }
}
