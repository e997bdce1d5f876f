using OneFractal.Data.Fractals;
using OneFractal.Data.Synthesis;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>A pre-training of a sweep, which several cells may share.</summary>
internal sealed record SweepPretraining
{
    private const string SetFile = "set.json";

    /// <summary>The run; where the set is a real image's distortions or noise, its fractals do not matter.</summary>
    public PretrainingSettings Run { get; init; } = new();

    /// <summary>The set of distortions of <see cref="Image"/>, or null.</summary>
    public RealImageSetSettings? RealImage { get; init; }

    /// <summary>The picture of <see cref="RealImage"/>.</summary>
    public string? Image { get; init; }

    /// <summary>The set of noise, or null.</summary>
    public NoiseSetSettings? Noise { get; init; }

    /// <summary>Images that the network sees, each as often as it sees it.</summary>
    public long ImagesSeen() => (long)Run.Recipe.Steps * Run.Recipe.BatchSize;

    /// <summary>The pre-training of a cell whose weights are pre-trained.</summary>
    /// <exception cref="UsageException">A setting cannot be used.</exception>
    public static SweepPretraining Of(SweepSettings settings)
    {
        var recipe = Recipes.Load(settings.Recipe);
        var rate = settings.LearningRate ?? recipe.LearningRate;
        recipe = (recipe with
        {
            Steps = settings.Steps ?? recipe.Steps,
            BatchSize = settings.BatchSize ?? recipe.BatchSize,
            LearningRate = rate,
            // A lower peak must not fall below the recipe's own minimum.
            MinimumLearningRate = Math.Min(recipe.MinimumLearningRate, rate),
        }).Validated();
        var pretraining = new SweepPretraining
        {
            Run = new PretrainingSettings { Backbone = settings.Backbone, ImageSize = settings.ImageSize, Recipe = recipe, Seed = settings.Seed },
        };
        return settings.Source switch
        {
            SweepSource.Image => pretraining with
            {
                Image = Path.GetFullPath(settings.Image ?? throw new UsageException("source: image needs the picture: image: photo.jpg.")),
                RealImage = new RealImageSetSettings
                {
                    Mode = settings.ImageMode, Distortion = settings.Distortion, Delta = settings.Delta, Classes = settings.Classes, Size = settings.Size, Seed = settings.Seed,
                },
            },
            SweepSource.Noise => pretraining with { Noise = new NoiseSetSettings { Classes = settings.Classes, Size = settings.Size, Seed = settings.Seed } },
            _ => pretraining with { Run = pretraining.Run with { Fractals = Fractals(settings) } },
        };
    }

    /// <summary>Everything that decides the weights, up to rounding.</summary>
    /// <param name="hashes">Reads the picture.</param>
    /// <param name="cancellation">Stops reading.</param>
    public string Identity(ContentHash hashes, CancellationToken cancellation)
    {
        return Yaml.Write(this with { Image = Image is null ? null : hashes.Of(Image, cancellation) });
    }

    /// <summary>Does it, or goes on with it.</summary>
    public void Do(JobOptions options, CancellationToken cancellation)
    {
        var run = new RunFolder(options.Output);
        var settings = Run;
        if (RealImage is not null || Noise is not null)
        {
            settings = settings with { Set = Path.Combine(run.Path, SetFile) };
            SyntheticSets.Save(settings.Set, Noise is not null ? new NoiseSet(Noise) : RealImageSet.Create(RealImage!, Image!));
        }

        Pretraining.Run(settings, options with { Resume = run.Exists }, cancellation);
        run.DiscardCheckpoint();
    }

    private static FractalSetSettings Fractals(SweepSettings settings) => new()
    {
        Family = settings.Source == SweepSource.Fractals ? FractalFamily.ManyFractals : FractalFamily.OneFractal,
        Classes = settings.Classes,
        ImagesPerClass = settings.ImagesPerClass,
        Maps = settings.Maps,
        SigmaFactor = settings.Sigma,
        // What does not matter is left at its default, so that it does not tell two pre-trainings apart.
        Perturbation = settings.Source == SweepSource.Fractals ? new Perturbation() : new Perturbation(settings.Perturbation, settings.Delta),
        InstanceDelta = settings.ImagesPerClass > 1 ? settings.InstanceDelta : new FractalSetSettings().InstanceDelta,
        Render = new RenderSettings { Size = settings.Size, Points = settings.Points },
        Seed = settings.Seed,
    };
}
