using System.Diagnostics;

namespace OneFractal.Evaluation;

/// <summary>Measures train steps of one network in two ways, taken in turns in one run.</summary>
internal static class StepComparison
{
    private const int WarmUp = 3;
    private const int MemorySteps = 3;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(50);

    // Both compute the same sums, in orders of their own.
    private const double Tolerance = 1e-3;

    /// <summary>Runs the comparison.</summary>
    /// <param name="subject">The network.</param>
    /// <param name="make">Makes the side in question.</param>
    /// <param name="makeBaseline">Makes the side that it is held against, with the same weights.</param>
    /// <param name="steps">Timed steps of each side.</param>
    /// <param name="measuresMemory">Whether the memory that steps take is this process's.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <exception cref="OneFractalException">The two sides do not compute the same.</exception>
    public static StepComparisonResult Run(
        StepSubject subject, Func<IStepSide> make, Func<IStepSide> makeBaseline, int steps, bool measuresMemory, IProgressReporter progress,
        CancellationToken cancellation)
    {
        using var task = progress.Start($"Training steps of {subject.Name}", 2 * (WarmUp + steps));
        var (bytes, baselineBytes) = measuresMemory && PeakMemory.IsKnown ? Memory(make, makeBaseline) : (null, null);
        using var side = make();
        using var baseline = makeBaseline();
        CompareOutputs(subject, side, baseline);
        var (times, baselineTimes) = (new List<double>(), new List<double>());
        for (var step = 0; step < WarmUp + steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            // Who goes second finds the caches as the other left them: each does so every other time.
            if (step % 2 == 0)
            {
                times.Add(Time(side, step));
                baselineTimes.Add(Time(baseline, step));
            }
            else
            {
                baselineTimes.Add(Time(baseline, step));
                times.Add(Time(side, step));
            }

            task.Report(2 * (step + 1));
        }

        return new StepComparisonResult(
            subject.Name, subject.ImageSize, subject.Batch, Median(times.Skip(WarmUp)), Median(baselineTimes.Skip(WarmUp)), bytes, baselineBytes);
    }

    private static (double? Bytes, double? BaselineBytes) Memory(Func<IStepSide> make, Func<IStepSide> makeBaseline)
    {
        // The first of each would pay for what its library sets up once.
        foreach (var first in (Func<IStepSide>[])[make, makeBaseline])
        {
            using var side = first();
            side.Step(0);
        }

        var (bytes, baselineBytes) = (double.PositiveInfinity, double.PositiveInfinity);
        for (var round = 0; round < 2; round++)
        {
            bytes = Math.Min(bytes, Growth(make));
            baselineBytes = Math.Min(baselineBytes, Growth(makeBaseline));
        }

        return (bytes, baselineBytes);
    }

    /// <summary>By how many bytes a side's steps make the process grow, at their peak.</summary>
    private static double Growth(Func<IStepSide> make)
    {
        PeakMemory.Reset();
        var before = PeakMemory.Read();
        using var side = make();
        // What building took and gave back is not the step's.
        PeakMemory.Reset();
        for (var step = 0; step < MemorySteps; step++)
        {
            side.Step(step);
        }

        return PeakMemory.Read() - before;
    }

    private static void CompareOutputs(StepSubject subject, IStepSide side, IStepSide baseline)
    {
        var (actual, expected) = (side.Logits(), baseline.Logits());
        var scale = expected.Max(Math.Abs);
        var difference = actual.Zip(expected, (a, e) => Math.Abs(a - e)).Max();
        if (!(difference <= Tolerance * scale))
        {
            throw new OneFractalException(FormattableString.Invariant(
                $"The two ways to run {subject.Name} differ by {difference:0.0e+0} at a scale of {scale:0.0e+0}: they are not the same network."));
        }
    }

    private static double Time(IStepSide side, int step)
    {
        // A library's threads go on to turn in circles for a while after its step, on the cores that the other's needs: in training there is no other.
        Thread.Sleep(Rest);
        var watch = Stopwatch.StartNew();
        side.Step(step);
        return watch.Elapsed.TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
