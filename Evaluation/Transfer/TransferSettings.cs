using OneFractal.Data;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>A transfer evaluation: which backbones on which data, by which protocols, at which budget.</summary>
public sealed record TransferSettings
{
    /// <summary>The labelled images of a run where nothing else is said: as in VTAB-1k.</summary>
    public const int DefaultLabelled = 1000;

    /// <summary>Share of the labelled images that are held out to choose by where nothing else is said.</summary>
    public const double DefaultValidation = 0.2;

    // As factors on the recipe's.
    private static readonly double[] RateFactors = [0.3, 1, 3];

    /// <summary>The backbones; their names differ.</summary>
    public BackboneSource[] Backbones { get; init; } = [];

    /// <summary>What foreign files among them cannot say of themselves; the same for all of them.</summary>
    public ForeignModelSettings Foreign { get; init; } = new();

    /// <summary>The data sets; their names differ.</summary>
    public DataSource[] Data { get; init; } = [];

    /// <summary>What to do about images that cannot be decoded.</summary>
    public OnBadImage OnBadImage { get; init; } = OnBadImage.Fail;

    /// <summary>What is run with every backbone on every data set.</summary>
    public TransferProtocol[] Protocols { get; init; } = [TransferProtocol.Finetune, TransferProtocol.Probe, TransferProtocol.Knn, TransferProtocol.Fewshot];

    /// <summary>The first seed. A seed decides which images are labelled, random weights, the order of images, augmentation.</summary>
    public ulong Seed { get; init; }

    /// <summary>How many seeds, one after the other.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>
    /// Labelled images that a run may use, those that settings are chosen by included, each class its share; 0 for all training images, null for 1,000 or, where
    /// there are fewer, all.
    /// </summary>
    public int? Labelled { get; init; }

    /// <summary>How many of <see cref="Labelled"/> are held out to choose settings by; null for a fifth.</summary>
    public int? Validation { get; init; }

    /// <summary>Whether, once the settings are chosen, fine-tuning and probe learn from all <see cref="Labelled"/> images, as VTAB-1k's protocol has it.</summary>
    public bool Refit { get; init; }

    /// <summary>Labelled images a class of <see cref="TransferProtocol.Fewshot"/>.</summary>
    public int[] Shots { get; init; } = [1, 5, 10];

    /// <summary>How many test images are used, each class its share, the same in all runs; null for all.</summary>
    public int? TestImages { get; init; }

    /// <summary>How networks are fine-tuned: the same steps and batches for every backbone.</summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Learning rates to choose from for each backbone and data set; empty for the recipe's.</summary>
    public double[] LearningRates { get; init; } = [];

    /// <summary>Weight decays to choose from; empty for the recipe's.</summary>
    public double[] WeightDecays { get; init; } = [];

    /// <summary>Strengths of L2 that probe and few-shot choose from.</summary>
    public double[] Strengths { get; init; } = [1e-4, 1e-3, 1e-2, 1e-1, 1];

    /// <summary>The seeds.</summary>
    internal IEnumerable<ulong> AllSeeds => Enumerable.Range(0, Seeds).Select(i => Seed + (ulong)i);

    /// <summary>The learning rates to choose from where none are given: 0.3, 1 and 3 times the recipe's.</summary>
    public static double[] DefaultLearningRates(TrainingRecipe recipe) => [.. RateFactors.Select(f => Math.Round(f * recipe.LearningRate, 12))];

    /// <summary>Checks what can be checked without opening anything, and fills in the grids.</summary>
    /// <exception cref="UsageException">A setting is out of range, by its option's name.</exception>
    public TransferSettings Validated()
    {
        Require(Backbones.Length > 0, "Name at least one backbone: --backbone FILE, a run folder, or scratch:NAME for random weights.");
        Require(Data.Length > 0, "Name the data: --data with a folder of class folders, a .csv manifest, a folder of IDX or CIFAR files, or fashion-mnist.");
        RequireDistinct(Backbones.Select(b => b.Name), "--backbone");
        RequireDistinct(Data.Select(d => d.Name), "--data");
        Require(Protocols.Length > 0, "--protocol names none of finetune, probe, knn, fewshot.");
        Require(Seeds >= 1, $"--seeds must be at least 1, not {Seeds}.");
        Require(Labelled is null or >= 0, $"--labelled must be at least 0, not {Labelled}.");
        Require(Validation is null or >= 1, $"--validation must be at least 1, not {Validation}: settings are chosen on these images.");
        Require(TestImages is null or >= 1, $"--test-images must be at least 1, not {TestImages}.");
        Require(Shots.Length > 0 && Shots.All(n => n >= 1), $"--shots must be numbers of at least 1, not '{string.Join(',', Shots)}'.");
        Require(Strengths.Length > 0 && Strengths.All(v => v is > 0 and < 1e6), FormattableString.Invariant($"--l2 must be numbers above 0, not '{string.Join(',', Strengths)}'."));
        var resolved = this with
        {
            Protocols = [.. Protocols.Distinct().Order()],
            Shots = [.. Shots.Distinct().Order()],
            LearningRates = LearningRates.Length > 0 ? [.. LearningRates.Distinct().Order()] : [Recipe.LearningRate],
            WeightDecays = WeightDecays.Length > 0 ? [.. WeightDecays.Distinct().Order()] : [Recipe.WeightDecay],
            Strengths = [.. Strengths.Distinct().Order()],
        };
        foreach (var recipe in resolved.Recipes())
        {
            recipe.Validated();
        }

        return resolved;
    }

    /// <summary>The recipe with each combination of learning rate and weight decay.</summary>
    internal IReadOnlyList<TrainingRecipe> Recipes()
    {
        return [.. LearningRates.SelectMany(rate => WeightDecays.Select(decay => Recipe with
        {
            LearningRate = rate,
            // A lower peak must not fall below the recipe's own minimum.
            MinimumLearningRate = Math.Min(Recipe.MinimumLearningRate, rate),
            WeightDecay = decay,
        }))];
    }

    private static void RequireDistinct(IEnumerable<string> names, string option)
    {
        var twice = names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1)?.Key;
        Require(twice is null, $"Two of {option} are called '{twice}': name them, as in {option} NAME=PATH.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new UsageException(message);
        }
    }
}
