using OneFractal.Data;
using OneFractal.Data.Fractals;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>How long what is left of a sweep takes, from a few steps of each of its networks on this machine.</summary>
/// <param name="Time">The time of all parts that could be estimated, one after the other, with all threads.</param>
/// <param name="Speeds">What was measured: a network, what computed it, and its images a second in training.</param>
/// <param name="Unknown">Names of the parts that could not be estimated.</param>
public sealed record SweepEstimate(TimeSpan Time, IReadOnlyList<(string Network, BackendKind Backend, double ImagesPerSecond)> Speeds, IReadOnlyList<string> Unknown)
{
    // The first steps set up what later ones reuse.
    private const int Steps = 8, WarmUp = 3;

    // A training step is a pass forward and about twice that backward.
    private const double ForwardSpeed = 3;

    /// <summary>Measures, and adds up what is left.</summary>
    internal static SweepEstimate Make(SweepPlan plan, IReadOnlyList<SweepPart> left, JobOptions options, CancellationToken cancellation)
    {
        var speeds = new Dictionary<string, (BackendKind Backend, double ImagesPerSecond)>();
        var unknown = new List<string>();
        var testImages = new Dictionary<string, int>();
        var seconds = 0.0;
        var temporary = Directory.CreateTempSubdirectory("onefractal-sweep-").FullName;
        try
        {
            foreach (var part in left)
            {
                if (part.Pretraining is { } pretraining)
                {
                    seconds += pretraining.ImagesSeen() / Speed(pretraining.Run.Backbone, pretraining.Run.ImageSize);
                }
                else if (Network(plan, part) is { } network)
                {
                    seconds += part.Evaluation!.Data.Sum(d => Images(part.Evaluation, d)) / Speed(network.Backbone, network.Size);
                }
                else
                {
                    unknown.Add(part.Name);
                }
            }
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }

        return new SweepEstimate(TimeSpan.FromSeconds(seconds), [.. speeds.Select(s => (s.Key, s.Value.Backend, s.Value.ImagesPerSecond))], unknown);

        double Speed(string backbone, int? size)
        {
            var name = size is null ? backbone : $"{backbone}, {size} pixels";
            if (!speeds.TryGetValue(name, out var speed))
            {
                speeds[name] = speed = Measure(backbone, size, options with { Output = Path.Combine(temporary, $"{speeds.Count}"), Resume = false, Progress = NullProgress.Instance }, cancellation);
            }

            return speed.ImagesPerSecond;
        }

        double Images(TransferSettings settings, DataSource data)
        {
            if (!testImages.TryGetValue(data.Path, out var all))
            {
                using var test = Datasets.Open(data.Path, DatasetSplit.Test);
                testImages[data.Path] = all = test.Count;
            }

            var tested = Math.Min(settings.TestImages ?? all, all) / ForwardSpeed;
            // Of choosing, one training is that of the first seed, unless it is repeated with all images.
            var trainings = settings.Seeds + settings.Recipes().Count - (settings.Refit ? 0 : 1);
            var frozen = settings.Protocols.Any(p => p != TransferProtocol.Finetune) ? settings.Seeds * tested : 0;
            return frozen + (settings.Protocols.Contains(TransferProtocol.Finetune)
                ? (double)trainings * settings.Recipe.Steps * settings.Recipe.BatchSize + settings.Seeds * tested
                : 0);
        }
    }

    /// <summary>The network that a part evaluates, or null for a file, whose speed is not known.</summary>
    private static (string Backbone, int? Size)? Network(SweepPlan plan, SweepPart part)
    {
        var settings = plan.Cells.First(c => c.Key == part.Key).Settings;
        return settings.Source == SweepSource.File ? null : (settings.Backbone, settings.ImageSize);
    }

    private static (BackendKind Backend, double ImagesPerSecond) Measure(string backbone, int? size, JobOptions options, CancellationToken cancellation)
    {
        // Enough different batches of a usual size; what they show does not matter.
        var settings = new PretrainingSettings
        {
            Backbone = backbone,
            ImageSize = size,
            Fractals = new FractalSetSettings { Classes = 8, Render = new RenderSettings { Size = 128, Points = 30_000 } },
            Recipe = new TrainingRecipe { Steps = Steps, BatchSize = 32 },
        };
        var result = Pretraining.Run(settings, options, cancellation);
        double[] speeds = [.. result.Metrics.Skip(WarmUp).Select(r => r.ImagesPerSecond).Order()];
        return (result.Backend, speeds[speeds.Length / 2]);
    }
}
