using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>Measures how long training waits for batches, in a short run of the real loop.</summary>
public static class DataWaitBenchmark
{
    // Threads start, caches fill.
    private const int UncountedSteps = 2;

    /// <summary>Share of the training time that went to waiting, start-up aside, 0 to 1.</summary>
    /// <param name="settings">The run; its recipe needs more than two steps.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends the run.</param>
    public static double Run(PretrainingSettings settings, IProgressReporter progress, CancellationToken cancellation = default)
    {
        var folder = Directory.CreateTempSubdirectory("onefractal-bench-");
        try
        {
            var result = Pretraining.Run(settings, new JobOptions { Output = Path.Combine(folder.FullName, "run"), Progress = progress }, cancellation);
            return result.Metrics.Skip(UncountedSteps).Average(row => row.DataWaitFraction);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
