using System.Diagnostics;

namespace OneFractal.Inference;

/// <summary>
/// Measures what classifying files costs beside the model alone: the bare session call, the pipeline without the model, and the whole, in turns, at
/// the same batch size. Of the pipelines what counts is their steady flow, as of the middle of a million files.
/// </summary>
public static class PredictionBenchmark
{
    // Threads of a session that has just run wait busily for a while.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs the benchmark.</summary>
    /// <param name="model">A classifier.</param>
    /// <param name="files">Image files, which are taken again and again.</param>
    /// <param name="settings">How to measure.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OneFractalException">The model is no classifier, or a file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PredictionBenchmarkReport Run(
        OnnxModel model, IReadOnlyList<string> files, PredictionBenchmarkSettings settings, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        var workers = settings.Workers > 0 ? settings.Workers : Environment.ProcessorCount;
        var session = new SessionSettings { Device = settings.Device, Threads = settings.Threads };
        using var runner = ModelRunner.Create(model, session);
        using var classifier = Classifier.Create(model, session with { ParallelRuns = settings.ParallelRuns });
        var (input, output) = (new float[settings.BatchSize * runner.ImageLength], new float[settings.BatchSize * runner.OutputLength]);

        void Session(int images)
        {
            for (var done = 0; done < images; done += settings.BatchSize)
            {
                cancellation.ThrowIfCancellationRequested();
                runner.Run(input, settings.BatchSize, output);
            }
        }

        var images = ImagesPerRound(Session, settings);
        using var task = (progress ?? NullProgress.Instance).Start("Measuring", settings.Rounds);
        var (bare, decode, whole) = (new List<Measurement>(), new List<Measurement>(), new List<Measurement>());
        for (var round = 0; round < settings.Rounds; round++)
        {
            Thread.Sleep(Pause);
            var start = Stamp.Now;
            Session(images);
            bare.Add(start.Until(images));
            Thread.Sleep(Pause);
            decode.Add(Flow(classifier, files, settings, workers, _ => { }, images, cancellation));
            whole.Add(Flow(classifier, files, settings, workers, classifier.Run, images, cancellation));
            task.Report(round + 1);
        }

        double[] ratios = [.. whole.Zip(bare, (w, b) => w.ImagesPerSecond / b.ImagesPerSecond).Order()];
        var speed = Median(bare, m => m.ImagesPerSecond);
        var (sessionCpu, decodeCpu) = (Median(bare, m => m.CpuMilliseconds), Median(decode, m => m.CpuMilliseconds));
        return new PredictionBenchmarkReport(
            runner.Device, settings.Threads, workers, settings.ParallelRuns, settings.BatchSize, files.Count, files.Average(f => new FileInfo(f).Length),
            settings.Rounds, images, speed, Median(decode, m => m.ImagesPerSecond), Median(whole, m => m.ImagesPerSecond), Percentiles.NearestRank(ratios, 0.5),
            ratios[0], ratios[^1], sessionCpu, decodeCpu, Math.Min(1, Environment.ProcessorCount * 1000 / speed / (sessionCpu + decodeCpu)));
    }

    /// <summary>As many images as the bare call does in the window, after it was warmed up; whole batches for every run side by side.</summary>
    private static int ImagesPerRound(Action<int> session, PredictionBenchmarkSettings settings)
    {
        session(2 * settings.BatchSize);
        var (start, batches) = (Stopwatch.GetTimestamp(), 0);
        do
        {
            session(settings.BatchSize);
            batches++;
        }
        while (Stopwatch.GetElapsedTime(start) < settings.Window / 2);
        var rounds = (int)Math.Ceiling(2.0 * batches / settings.ParallelRuns);
        return settings.BatchSize * settings.ParallelRuns * rounds;
    }

    /// <summary>Measures from the batches that filled the pipeline on, while it goes on being fed.</summary>
    private static Measurement Flow(
        Classifier classifier, IReadOnlyList<string> files, PredictionBenchmarkSettings settings, int workers, Action<FileBatch> run, int images,
        CancellationToken cancellation)
    {
        using var pipeline = new PredictionPipeline(classifier, Endless(files), settings.BatchSize, workers, run, cancellation);
        var (seen, start) = (0, default(Stamp));
        while (true)
        {
            if (seen == settings.BatchSize * settings.ParallelRuns)
            {
                start = Stamp.Now;
            }
            else if (seen == settings.BatchSize * settings.ParallelRuns + images)
            {
                return start.Until(images);
            }

            var rows = pipeline.Take()!;
            seen += rows.Length;
            if (rows.FirstOrDefault(r => r.Error is not null) is { } bad)
            {
                throw new OneFractalException($"Cannot read image '{bad.Path}': {bad.Error}. Measure with files that can be read.");
            }
        }
    }

    private static IEnumerable<string> Endless(IReadOnlyList<string> files)
    {
        for (var i = 0; ; i = (i + 1) % files.Count)
        {
            yield return files[i];
        }
    }

    private static double Median(List<Measurement> rounds, Func<Measurement, double> value) => Percentiles.NearestRank([.. rounds.Select(value).Order()], 0.5);

    private readonly record struct Measurement(double ImagesPerSecond, double CpuMilliseconds);

    private readonly record struct Stamp(long Ticks, TimeSpan Cpu)
    {
        public static Stamp Now => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

        public Measurement Until(int images)
        {
            var now = Now;
            return new Measurement(images / Stopwatch.GetElapsedTime(Ticks, now.Ticks).TotalSeconds, (now.Cpu - Cpu).TotalMilliseconds / images);
        }
    }
}
