using OneFractal.Data.Fractals;
using OneFractal.Data.Synthesis;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>
/// All settings of one cell of a sweep, by the names that its YAML file uses (in snake_case): a pre-training, and an evaluation of what it left. The defaults
/// are those of <c>pretrain</c> and <c>evaluate</c>.
/// </summary>
public sealed record SweepSettings
{
    /// <summary>Where the weights come from.</summary>
    public SweepSource Source { get; init; } = SweepSource.Fractal;

    /// <summary>The network; a <see cref="SweepSource.File"/> has its own.</summary>
    public string Backbone { get; init; } = "vit-nano";

    /// <summary>The file of <see cref="SweepSource.File"/>.</summary>
    public string? File { get; init; }

    /// <summary>Where to get <see cref="File"/>: with this said, cells whose file is missing are left out.</summary>
    public string? Optional { get; init; }

    /// <summary>What a foreign file cannot say of itself.</summary>
    public ForeignModelSettings Foreign { get; init; } = new();

    /// <summary>Side of what a network sees in pre-training and evaluation, in pixels; null for the backbone's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>L, the number of classes.</summary>
    public int Classes { get; init; } = 100;

    /// <summary>Images of each class of fractals.</summary>
    public int ImagesPerClass { get; init; } = 1;

    /// <summary>Affine maps of a fractal.</summary>
    public int Maps { get; init; } = 2;

    /// <summary>Sigma-factor of the fractals.</summary>
    public double Sigma { get; init; } = 3.5;

    /// <summary>Δ, the width of the perturbations, or the strength of the distortions of a real image.</summary>
    public double Delta { get; init; } = 0.1;

    /// <summary>How the copies of one fractal differ from it.</summary>
    public PerturbationKind Perturbation { get; init; } = PerturbationKind.Multiplicative;

    /// <summary>Width of what tells the images of a class apart.</summary>
    public double InstanceDelta { get; init; } = 0.02;

    /// <summary>Side of the images drawn, in pixels.</summary>
    public int Size { get; init; } = 128;

    /// <summary>Points of the chaos game.</summary>
    public int Points { get; init; } = 30_000;

    /// <summary>The picture of <see cref="SweepSource.Image"/>.</summary>
    public string? Image { get; init; }

    /// <summary>What is taken from it.</summary>
    public RealImageMode ImageMode { get; init; } = RealImageMode.Canny;

    /// <summary>How its classes differ.</summary>
    public DistortionKind Distortion { get; init; } = DistortionKind.Affine;

    /// <summary>Recipe of the pre-training, by name or file.</summary>
    public string Recipe { get; init; } = "quick-cpu";

    /// <summary>Steps of the pre-training; null for the recipe's.</summary>
    public int? Steps { get; init; }

    /// <summary>Images in a step of it; null for the recipe's.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Peak learning rate of it; null for the recipe's.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Seed of fractals and pre-training, and the first seed of the evaluation.</summary>
    public ulong Seed { get; init; }

    /// <summary>The data sets to evaluate on, as <c>evaluate --data</c> takes them.</summary>
    public string[] Data { get; init; } = ["fashion-mnist"];

    /// <summary>How it is evaluated.</summary>
    public TransferProtocol[] Protocols { get; init; } = [TransferProtocol.Finetune];

    /// <summary>With how many seeds, one after the other.</summary>
    public int Seeds { get; init; } = 3;

    /// <inheritdoc cref="TransferSettings.Labelled" />
    public int? Labelled { get; init; }

    /// <inheritdoc cref="TransferSettings.Validation" />
    public int? Validation { get; init; }

    /// <inheritdoc cref="TransferSettings.Refit" />
    public bool Refit { get; init; }

    /// <inheritdoc cref="TransferSettings.Shots" />
    public int[] Shots { get; init; } = [1, 5, 10];

    /// <inheritdoc cref="TransferSettings.TestImages" />
    public int? TestImages { get; init; }

    /// <summary>Recipe of fine-tuning, by name or file.</summary>
    public string FinetuneRecipe { get; init; } = "finetune-small";

    /// <summary>Steps of fine-tuning; null for the recipe's.</summary>
    public int? FinetuneSteps { get; init; }

    /// <summary>Images in a step of it; null for the recipe's.</summary>
    public int? FinetuneBatchSize { get; init; }

    /// <summary>Learning rates that fine-tuning chooses from; empty for 0.3, 1 and 3 times the recipe's.</summary>
    public double[] LrChoices { get; init; } = [];

    /// <summary>Whether the weights are pre-trained by the sweep.</summary>
    internal bool IsPretrained => Source is not (SweepSource.Scratch or SweepSource.File);

    /// <summary>The evaluation of weights.</summary>
    /// <param name="weights">Where they are: a run folder, a file, or random ones.</param>
    internal TransferSettings ToTransfer(string weights)
    {
        var recipe = Recipes.Load(FinetuneRecipe);
        recipe = recipe with { Steps = FinetuneSteps ?? recipe.Steps, BatchSize = FinetuneBatchSize ?? recipe.BatchSize };
        // The name is part of what tells runs apart, so that it must not follow the sweep's title or the place in its grid.
        var name = Source == SweepSource.File ? Path.GetFileNameWithoutExtension(weights) : $"{Backbone}, {Source.ToString().ToLowerInvariant()}";
        return new TransferSettings
        {
            Backbones = [new BackboneSource { Name = name, Path = weights }],
            Foreign = Source switch
            {
                SweepSource.File => Foreign with { Size = ImageSize ?? Foreign.Size },
                SweepSource.Scratch => new ForeignModelSettings { Size = ImageSize },
                // What was pre-trained has that size.
                _ => new ForeignModelSettings(),
            },
            Data = [.. Data.Select(DataSource.Parse)],
            Protocols = Protocols,
            Seed = Seed,
            Seeds = Seeds,
            Labelled = Labelled,
            Validation = Validation,
            Refit = Refit,
            Shots = Shots,
            TestImages = TestImages,
            Recipe = recipe,
            LearningRates = LrChoices.Length > 0 ? LrChoices : TransferSettings.DefaultLearningRates(recipe),
        }.Validated();
    }
}
