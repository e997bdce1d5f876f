using System.ComponentModel;
using OneFractal.Training;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of verbs that train: a recipe, and what overrides it.</summary>
internal abstract class TrainingSettings : JobSettings
{
    [CommandOption(OptionNames.Recipe)]
    [Description("A built-in recipe, or a YAML file like the recipe in a run.yaml")]
    public string? Recipe { get; init; }

    [CommandOption(OptionNames.Steps)]
    [Description("Optimizer steps")]
    public int? Steps { get; init; }

    [CommandOption("--batch-size <N>")]
    [Description("Images in a step")]
    public int? BatchSize { get; init; }

    [CommandOption("--accumulate <PARTS>")]
    [Description("Compute each step's batch in this many parts, to save memory")]
    public int? Accumulation { get; init; }

    [CommandOption("--precision <KIND>")]
    [Description("float32, or bfloat16 for matrix products and convolutions")]
    public Precision? Precision { get; init; }

    [CommandOption(OptionNames.Optimizer)]
    [Description("adamw or sgd")]
    public OptimizerKind? Optimizer { get; init; }

    [CommandOption(OptionNames.Momentum)]
    [Description("SGD's momentum")]
    public double? Momentum { get; init; }

    [CommandOption("--lr <RATE>")]
    [Description("Peak learning rate")]
    public double? LearningRate { get; init; }

    [CommandOption("--min-lr <RATE>")]
    [Description("Learning rate at the end")]
    public double? MinimumLearningRate { get; init; }

    [CommandOption("--warmup <STEPS>")]
    [Description("Steps over which the learning rate rises")]
    public int? WarmupSteps { get; init; }

    [CommandOption(OptionNames.WeightDecay)]
    [Description("Weight decay of matrices and kernels")]
    public double? WeightDecay { get; init; }

    [CommandOption(OptionNames.LayerDecay)]
    [Description("Factor on the learning rate from a layer to the one before it; 1 for the same everywhere")]
    public double? LayerDecay { get; init; }

    [CommandOption(OptionNames.EmaDecay)]
    [Description("Score and save a moving average of the weights with this decay; 0 for none")]
    public double? EmaDecay { get; init; }

    [CommandOption(OptionNames.ClipGradient)]
    [Description("Largest norm of the gradient; 0 does not clip")]
    public double? ClipGradient { get; init; }

    [CommandOption("--label-smoothing <S>")]
    [Description("Share of a target that is spread over all classes")]
    public double? LabelSmoothing { get; init; }

    [CommandOption(OptionNames.DropPath)]
    [Description("Drop rate of the last block (stochastic depth)")]
    public double? DropPath { get; init; }

    /// <summary>The recipe with what the command line overrides.</summary>
    public TrainingRecipe ResolveRecipe(string fallback) => Override(Recipes.Load(Recipe ?? fallback));

    /// <summary>A recipe with what the command line overrides.</summary>
    public TrainingRecipe Override(TrainingRecipe recipe)
    {
        return (recipe with
        {
            Steps = Steps ?? recipe.Steps,
            BatchSize = BatchSize ?? recipe.BatchSize,
            LearningRate = LearningRate ?? recipe.LearningRate,
            // A lower peak must not fall below the recipe's own minimum.
            MinimumLearningRate = MinimumLearningRate ?? Math.Min(recipe.MinimumLearningRate, LearningRate ?? recipe.LearningRate),
            WarmupSteps = WarmupSteps ?? recipe.WarmupSteps,
            Accumulation = Accumulation ?? recipe.Accumulation,
            Precision = Precision ?? recipe.Precision,
            Optimizer = Optimizer ?? recipe.Optimizer,
            Momentum = Momentum ?? recipe.Momentum,
            LayerDecay = LayerDecay ?? recipe.LayerDecay,
            EmaDecay = EmaDecay ?? recipe.EmaDecay,
            WeightDecay = WeightDecay ?? recipe.WeightDecay,
            ClipGradient = ClipGradient ?? recipe.ClipGradient,
            LabelSmoothing = LabelSmoothing ?? recipe.LabelSmoothing,
            DropPath = DropPath ?? recipe.DropPath,
        }).Validated();
    }
}
