using System.Diagnostics;
using OneFractal.Common;
using OneFractal.Data.Fractals;

namespace OneFractal.Data.Benchmarks;

/// <summary>Measures the renderer: 100,000 points an image, both modes, 64, 224 and 512 pixels.</summary>
public static class SynthesisBenchmark
{
    private const int Windows = 5;
    private static readonly int[] Sizes = [64, 224, 512];

    /// <summary>Measures every mode and size, in windows of <paramref name="window"/> (0.3 s), of which the median counts.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<SynthesisRate> Run(IProgressReporter? progress = null, TimeSpan? window = null, CancellationToken cancellation = default)
    {
        var length = window ?? TimeSpan.FromSeconds(0.3);
        var rates = new List<SynthesisRate>();
        var modes = Enum.GetValues<RenderGenerator>();
        using var task = (progress ?? NullProgress.Instance).Start("Measuring the renderer", modes.Length * Sizes.Length);
        foreach (var mode in modes)
        {
            foreach (var size in Sizes)
            {
                rates.Add(Measure(mode, size, length, cancellation));
                task.Report(rates.Count);
            }
        }

        return rates;
    }

    private static SynthesisRate Measure(RenderGenerator mode, int size, TimeSpan window, CancellationToken cancellation)
    {
        var set = FractalSet.Create(new FractalSetSettings { Render = new RenderSettings { Size = size, Generator = mode } }, cancellation);
        var alone = new byte[size * size];
        var name = mode == RenderGenerator.Published ? "exact" : "fast";
        // Once for the compiler: the first calls run code that is not optimised yet.
        Rate(set, 1, window, cancellation);
        Task.Delay(TimeSpan.FromMilliseconds(150), cancellation).Wait(cancellation);
        return new SynthesisRate(
            name,
            size,
            Median(() => Rate(set, 1, window, cancellation)),
            Median(() => Rate(set, Environment.ProcessorCount, window, cancellation)),
            Median(() => Time(() => set.Render(0, alone), window, cancellation)));
    }

    private static double Rate(FractalSet set, int threads, TimeSpan window, CancellationToken cancellation)
    {
        var done = 0;
        var start = Stopwatch.GetTimestamp();
        var workers = Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            var images = Enumerable.Range(0, ChaosGame.Lanes).Select(_ => new Memory<byte>(new byte[set.Size * set.Size])).ToArray();
            var first = worker * ChaosGame.Lanes;
            do
            {
                _ = set.RenderMany([.. Enumerable.Range(first, ChaosGame.Lanes).Select(i => i % set.ClassCount)], images);
                Interlocked.Add(ref done, ChaosGame.Lanes);
                first += threads * ChaosGame.Lanes;
            }
            while (Stopwatch.GetElapsedTime(start) < window && !cancellation.IsCancellationRequested);
        })).ToArray();
        foreach (var worker in workers)
        {
            worker.Start();
        }

        foreach (var worker in workers)
        {
            worker.Join();
        }

        cancellation.ThrowIfCancellationRequested();
        return done / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Time(Action action, TimeSpan window, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        var count = 0;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            action();
            count++;
        }
        while (Stopwatch.GetElapsedTime(start) < window);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / count;
    }

    private static double Median(Func<double> measure) => Enumerable.Range(0, Windows).Select(_ => measure()).Order().ElementAt(Windows / 2);
}
