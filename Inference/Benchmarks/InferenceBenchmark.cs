using System.Diagnostics;

namespace OneFractal.Inference;

/// <summary>
/// Measures models alone, on seeded noise: what a session costs, the times of runs over batch sizes, threads, devices and bindings, with all models
/// side by side in turns, and what they answer under load.
/// </summary>
public static class InferenceBenchmark
{
    /// <summary>Untimed runs at the start of a turn: the caches are as the one before left them.</summary>
    private const int LeadIn = 2;

    /// <summary>Runs the benchmark.</summary>
    /// <param name="settings">What to measure.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OneFractalException">A model cannot be run, or a device not be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static InferenceBenchmarkResult Run(InferenceBenchmarkSettings settings, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        Check(settings);
        var (sessions, runs, scenarios, notes) = (new List<SessionFigures>(), new List<InferenceFigures>(), new List<ScenarioFigures>(), new List<string>());
        var bound = settings.LatencyBound;
        foreach (var device in settings.Devices)
        {
            foreach (var threads in settings.Threads)
            {
                Measure(device, threads);
            }
        }

        var gpus = sessions.Select(s => s.Device).Where(d => d.Kind == ComputeDeviceKind.Cuda).ToArray();
        return new InferenceBenchmarkResult(BenchmarkEnvironment.Current(gpus.Length > 0 ? gpus[0] : null), sessions, runs, scenarios, [.. notes.Distinct()]);

        void Measure(ComputeDevice device, int threads)
        {
            // Sessions side by side must not keep each other from the cores between their turns.
            var session = new SessionSettings { Device = device, Threads = threads, ParkThreads = settings.Models.Count > 1 };
            var open = new List<SessionUnderTest>();
            try
            {
                using var task = (progress ?? NullProgress.Instance).Start(
                    $"Measuring on {device}{(threads > 0 ? $", {threads} threads" : "")}", settings.Models.Count + settings.BatchSizes.Count + settings.Models.Count * settings.Scenarios.Count);
                var done = 0;
                foreach (var model in settings.Models)
                {
                    cancellation.ThrowIfCancellationRequested();
                    open.Add(new SessionUnderTest(model, session, settings.BatchSizes));
                    task.Report(++done);
                }

                sessions.AddRange(open.Select(s => s.Figures));
                notes.AddRange(open.Where(s => !s.BatchSizes.SequenceEqual(settings.BatchSizes.Order())).Select(s => $"{s.Model.Name} takes batches of {s.BatchSizes[0]} only."));
                notes.AddRange(open.Where(s => s.PhotoSize is not null).Select(s =>
                    $"{s.Model.Name} preprocesses by itself: it gets photos of {s.PhotoSize!.Value.Width}×{s.PhotoSize.Value.Height} pixels, the size that it brings photos to."));
                foreach (var batch in open.SelectMany(s => s.BatchSizes).Distinct().Order())
                {
                    runs.AddRange(SideBySide([.. open.Where(s => s.BatchSizes.Contains(batch))], batch, settings, cancellation));
                    task.Report(Math.Min(++done, settings.Models.Count + settings.BatchSizes.Count));
                }

                done = settings.Models.Count + settings.BatchSizes.Count;
                foreach (var subject in open)
                {
                    foreach (var scenario in settings.Scenarios.Order())
                    {
                        var figures = LoadScenarios.Run(scenario, subject, settings, bound, cancellation);
                        bound ??= LoadScenarios.BoundFrom(figures);
                        scenarios.Add(figures);
                        task.Report(++done);
                    }
                }
            }
            finally
            {
                open.ForEach(s => s.Dispose());
            }
        }
    }

    private static void Check(InferenceBenchmarkSettings settings)
    {
        if (settings.Models.Count == 0 || settings.Models.Select(m => m.Name).Distinct().Count() < settings.Models.Count)
        {
            throw new UsageException("Name at least one model, and each once.");
        }

        if (settings.BatchSizes.Count == 0 || settings.BatchSizes.Any(b => b < 1) || settings.Threads.Any(t => t < 0) || settings.Rounds < 1 || settings.Rate is <= 0)
        {
            throw new UsageException("Batch sizes, rounds and the rate must be above 0, and threads at least 0.");
        }

        if (settings.LatencyBound is null && settings.Scenarios.Contains(LoadScenario.Server) && !settings.Scenarios.Contains(LoadScenario.SingleStream))
        {
            throw new UsageException("The server scenario needs a latency bound, or the single stream before it to take one from.");
        }
    }

    /// <summary>Models and bindings at one batch size, in turns.</summary>
    private static IEnumerable<InferenceFigures> SideBySide(
        IReadOnlyList<SessionUnderTest> subjects, int batch, InferenceBenchmarkSettings settings, CancellationToken cancellation)
    {
        (SessionUnderTest Subject, IoBinding Binding, InferenceCall Call)[] sides =
            [.. subjects.SelectMany(s => settings.Bindings.Select(b => (s, b, s.Call(batch, b))))];
        var times = sides.Select(_ => new List<double>[settings.Rounds]).ToArray();
        var cpu = new TimeSpan[sides.Length];
        var warmUps = sides.Select(s => WarmUp(s.Call.Run, settings, cancellation)).ToArray();
        for (var round = 0; round < settings.Rounds; round++)
        {
            for (var turn = 0; turn < sides.Length; turn++)
            {
                // Who comes after whom changes from round to round.
                var side = (turn + round) % sides.Length;
                times[side][round] = Turn(sides[side].Call.Run, settings.Window / settings.Rounds, ref cpu[side], cancellation);
            }
        }

        return sides.Select((side, i) =>
        {
            double[] all = [.. times[i].SelectMany(t => t)];
            return new InferenceFigures(
                side.Subject.Model.Name, side.Subject.Figures.Device, side.Subject.Figures.Threads, batch, side.Binding, warmUps[i].Runs, warmUps[i].Seconds, warmUps[i].Stable,
                Latencies.Of(all), 1000 * all.Length / all.Sum(), 100 * cpu[i].TotalMilliseconds / all.Sum(), [.. times[i].Select(t => Latencies.Of(t).P50)])
            {
                Milliseconds = all,
            };
        });
    }

    private static List<double> Turn(Action run, TimeSpan window, ref TimeSpan cpu, CancellationToken cancellation)
    {
        for (var i = 0; i < LeadIn; i++)
        {
            run();
        }

        var times = new List<double>();
        var (start, cpuBefore) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        do
        {
            cancellation.ThrowIfCancellationRequested();
            var before = Stopwatch.GetTimestamp();
            run();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
        while (Stopwatch.GetElapsedTime(start) < window);
        cpu += Environment.CpuUsage.TotalTime - cpuBefore;
        return times;
    }

    private static (int Runs, double Seconds, bool Stable) WarmUp(Action run, InferenceBenchmarkSettings settings, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        var times = new List<double>();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var before = Stopwatch.GetTimestamp();
            run();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
            var (elapsed, stable) = (Stopwatch.GetElapsedTime(start), IsStable(times));
            if ((times.Count >= settings.WarmUp && stable) || elapsed >= settings.Window)
            {
                return (times.Count, elapsed.TotalSeconds, stable);
            }
        }
    }

    /// <summary>Whether the medians of the last three times and of the three before differ by less than 5 %.</summary>
    internal static bool IsStable(IReadOnlyList<double> times)
    {
        const int Group = 3;
        const double Tolerance = 0.05;
        if (times.Count < 2 * Group)
        {
            return false;
        }

        var (last, before) = (Latencies.Of(times.TakeLast(Group)).P50, Latencies.Of(times.SkipLast(Group).TakeLast(Group)).P50);
        return Math.Abs(last - before) < Tolerance * before;
    }
}
