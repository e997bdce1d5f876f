using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Training;

/// <summary>The backend that a run takes when none was named, and why.</summary>
/// <param name="Kind">The backend.</param>
/// <param name="Reason">What was measured, or why there was nothing to measure.</param>
internal sealed record BackendChoice(BackendKind Kind, string Reason)
{
    /// <summary>A run of fewer steps is over before measuring pays: both backends take up to 7 steps of it, and start once more than needed.</summary>
    public const int MeasuredFrom = 100;

    // The first step sets up what later ones reuse. In its second, ONNX Runtime allocates by the plan that it made of the first, which takes several times as
    // long as the steps after.
    private const int WarmUpSteps = 2;
    private const int TimedSteps = 5;
    private static readonly TimeSpan TimedAtMost = TimeSpan.FromSeconds(3);

    /// <summary>The line that a run prints.</summary>
    public override string ToString() => $"Backend: {Kind.OptionValue()} ({Reason})";

    /// <summary>
    /// Times a few steps of each backend on a batch of noise, one backend after the other: what the first has in memory is freed before the second is
    /// opened, and what the steps did to the weights is thrown away.
    /// </summary>
    /// <exception cref="OneFractalException">None can train the model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static BackendChoice Make(OnnxModel model, TrainingRecipe recipe, int classes, JobOptions options, CancellationToken cancellation)
    {
        // TorchSharp comes first, for runs that are too short to measure: it starts faster than a gradient graph is built.
        BackendCandidate[] candidates =
        [
            new(BackendKind.TorchSharp, () => Open(BackendKind.TorchSharp, model, recipe, options)),
            new(BackendKind.OnnxRuntime, () => Open(BackendKind.OnnxRuntime, model, recipe, options)),
        ];
        return OnnxRuntimeBackend.Limit(recipe) is { } limit
            ? new BackendChoice(BackendKind.TorchSharp, $"{BackendKind.OnnxRuntime.OptionValue()} {limit}")
            : Make(candidates, recipe, model.Metadata!.Preprocessing, classes, TimeProvider.System, cancellation);
    }

    /// <summary>Opens a backend.</summary>
    /// <exception cref="OneFractalException">It cannot train the model, or the device is not there.</exception>
    public static ITrainingBackend Open(BackendKind kind, OnnxModel model, TrainingRecipe recipe, JobOptions options) => kind switch
    {
        BackendKind.OnnxRuntime => new OnnxRuntimeBackend(model, recipe, options.Device, options.Threads),
        BackendKind.TorchSharp => new TorchSharpBackend(model, recipe, options.Device),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A backend must be chosen first."),
    };

    /// <inheritdoc cref="Make(OnnxModel, TrainingRecipe, int, JobOptions, CancellationToken)" />
    /// <param name="candidates">The backends; of equals, the first is taken.</param>
    /// <param name="recipe">Decides the batch and how many steps there are to save time on.</param>
    /// <param name="input">Size of the images.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops after the current step.</param>
    internal static BackendChoice Make(
        IReadOnlyList<BackendCandidate> candidates, TrainingRecipe recipe, Preprocessing input, int classes, TimeProvider time, CancellationToken cancellation)
    {
        var (pixels, targets) = recipe.Steps < MeasuredFrom ? ([], []) : Noise(recipe.BatchSize, input, classes);
        var times = new List<(BackendKind Kind, double Seconds)>();
        var failures = new List<(BackendKind Kind, Exception Error)>();
        foreach (var (kind, open) in candidates)
        {
            try
            {
                using var backend = open();
                if (recipe.Steps < MeasuredFrom)
                {
                    return new BackendChoice(kind, $"not measured: {recipe.Steps} steps are too few{Because(failures)}");
                }

                times.Add((kind, LeastTime(backend, recipe, pixels, targets, time, cancellation)));
            }
            catch (Exception e) when (e is OneFractalException or ExternalException or OnnxRuntimeException)
            {
                failures.Add((kind, e));
            }
        }

        if (times.Count == 0)
        {
            ExceptionDispatchInfo.Throw(failures[0].Error);
        }

        var best = times.MinBy(t => t.Seconds);
        var others = times.Where(t => t != best).Select(t => $"; {t.Kind.OptionValue()} {Format(t.Seconds)}");
        return new BackendChoice(best.Kind, $"{Format(best.Seconds)} a step{string.Concat(others)}{Because(failures)}");
    }

    /// <summary>Seconds of a step: the least, because whatever else the machine does only adds to it.</summary>
    private static double LeastTime(
        ITrainingBackend backend, TrainingRecipe recipe, float[] pixels, float[] targets, TimeProvider time, CancellationToken cancellation)
    {
        var timed = new List<TimeSpan>();
        for (var step = 0; timed.Count < TimedSteps && timed.Aggregate(TimeSpan.Zero, (sum, t) => sum + t) < TimedAtMost; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            var start = time.GetTimestamp();
            backend.TrainStep(pixels, targets, new StepSettings(step, CosineSchedule.LearningRate(recipe, step), Seed: 0));
            if (step >= WarmUpSteps)
            {
                timed.Add(time.GetElapsedTime(start));
            }
        }

        return timed.Min().TotalSeconds;
    }

    private static (float[] Pixels, float[] Targets) Noise(int rows, Preprocessing input, int classes)
    {
        var random = new RandomStream(0);
        var pixels = new float[(long)rows * input.Channels * input.Height * input.Width];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (float)random.Uniform(-2, 2);
        }

        var targets = new float[rows * classes];
        for (var row = 0; row < rows; row++)
        {
            targets[row * classes + row % classes] = 1;
        }

        return (pixels, targets);
    }

    private static string Because(IEnumerable<(BackendKind Kind, Exception Error)> failures)
    {
        return string.Concat(failures.Select(f => $"; {f.Kind.OptionValue()} cannot train this: {f.Error.Message.Split('\n')[0].TrimEnd('.')}"));
    }

    private static string Format(double seconds) => seconds >= 0.1
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s")
        : string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0.0} ms");
}
