using System.ComponentModel;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Training;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>export</c>: those of a model, and those of <c>finetune</c> that shape the graph of a train step.</summary>
internal sealed class ExportSettings : ModelExportOptions
{
    private const string Fallback = "finetune-small";

    [CommandOption("--train-step")]
    [Description("Write a whole training step instead (forward, backward, optimizer), which any ONNX Runtime trains with; for it are the options below")]
    public bool TrainStep { get; init; }

    [CommandOption("--labels <A,B,...>")]
    [Description("Train step: a fresh head for these classes, in place of the model's")]
    public string? Labels { get; init; }

    [CommandOption(OptionNames.Classes)]
    [Description("Train step: a fresh head for this many classes, called 0, 1 and so on")]
    [AtLeast(2)]
    public int? Classes { get; init; }

    [CommandOption(OptionNames.Seed)]
    [Description("Train step: seed of a fresh head")]
    public ulong? Seed { get; init; }

    [CommandOption(OptionNames.Recipe)]
    [Description("Train step: a built-in recipe, or a YAML file like the recipe in a run.yaml (finetune-small)")]
    public string? Recipe { get; init; }

    [CommandOption(OptionNames.Optimizer)]
    [Description("Train step: adamw or sgd")]
    public OptimizerKind? Optimizer { get; init; }

    [CommandOption(OptionNames.Momentum)]
    [Description("Train step: SGD's momentum")]
    public double? Momentum { get; init; }

    [CommandOption(OptionNames.WeightDecay)]
    [Description("Train step: weight decay of matrices and kernels")]
    public double? WeightDecay { get; init; }

    [CommandOption(OptionNames.LayerDecay)]
    [Description("Train step: factor on the learning rate from a layer to the one before it")]
    public double? LayerDecay { get; init; }

    [CommandOption(OptionNames.EmaDecay)]
    [Description("Train step: keep a moving average of the weights with this decay; 0 for none")]
    public double? EmaDecay { get; init; }

    [CommandOption(OptionNames.ClipGradient)]
    [Description("Train step: largest norm of the gradient; 0 does not clip")]
    public double? ClipGradient { get; init; }

    [CommandOption(OptionNames.DropPath)]
    [Description("Train step: drop rate of the last block (stochastic depth)")]
    public double? DropPath { get; init; }

    [CommandOption(OptionNames.HeadAt)]
    [Description("Foreign model: the node that is its head, or the value that holds its features, where it is not found")]
    public string? HeadAt { get; init; }

    [CommandOption(OptionNames.PixelMax)]
    [Description("Foreign model: the pixel value of full brightness that it was trained with, 1 or 255 (1)")]
    public double? PixelMax { get; init; }

    [CommandOption(OptionNames.Mean)]
    [Description("Foreign model: mean per channel, in units of --pixel-max")]
    public string? Mean { get; init; }

    [CommandOption(OptionNames.Std)]
    [Description("Foreign model: standard deviation per channel, in units of --pixel-max")]
    public string? Std { get; init; }

    [CommandOption(OptionNames.Bgr)]
    [Description("Foreign model: its channels are blue, green, red")]
    public bool Bgr { get; init; }

    /// <summary>Refuses options of a train step where none is written.</summary>
    /// <exception cref="UsageException">There are some.</exception>
    public void RequireNoTrainStep()
    {
        (string Option, object? Value)[] options =
        [
            ("--labels", Labels), ("--classes", Classes), ("--seed", Seed), ("--recipe", Recipe), ("--opt", Optimizer), ("--momentum", Momentum),
            ("--weight-decay", WeightDecay), ("--layer-decay", LayerDecay), ("--ema", EmaDecay), ("--clip-grad", ClipGradient), ("--drop-path", DropPath),
        ];
        if (options.FirstOrDefault(o => o.Value is not null).Option is { } option)
        {
            throw new UsageException($"{option} is of a train step: add --train-step, or leave it out.");
        }
    }

    /// <summary>What the options say of a deployment file.</summary>
    /// <param name="batch">The only batch size, or null for any.</param>
    /// <exception cref="UsageException">A value is out of range, or options do not go together.</exception>
    public ModelExportSettings ResolveModel(int? batch)
    {
        var says = HeadAt is not null || PixelMax is not null || Mean is not null || Std is not null || Bgr;
        return Resolve(batch, says ? ResolveForeign() : null);
    }

    /// <summary>Refuses options of a deployment file where a train step or weights are written.</summary>
    /// <param name="what">What is written instead.</param>
    /// <exception cref="UsageException">There are some.</exception>
    public void RequireNoDeployment(string what)
    {
        (string Option, bool Given)[] options =
        [
            ("--tokens", Tokens), ("--stages", Stages), ("--softmax", Softmax), ("--precision", Precision != "fp32"), ("--opset", Opset is not null),
            ("--embed-preprocessing", EmbedPreprocessing), ("--external-data", ExternalData), ("--for", For is not null), ("--data", Data is not null),
            ("--images", Images is not null), ("--install", Install), ("--node-packages", NodePackages is not null),
        ];
        if (options.FirstOrDefault(o => o.Given).Option is { } option)
        {
            throw new UsageException($"{option} is of a deployment file, and not of {what}: leave it out.");
        }
    }

    /// <summary>What the options say of a train step.</summary>
    /// <param name="batch">Images in a step, or null for the recipe's.</param>
    /// <exception cref="UsageException">A value is out of range.</exception>
    public TrainStepSettings ResolveTrainStep(int? batch)
    {
        if (Labels is not null && Classes is not null)
        {
            throw new UsageException("Give the classes of the new head by --labels or by --classes, not both.");
        }

        if (batch is < 2 or > 65536)
        {
            throw new UsageException($"--batch: a train step takes 2 to 65536 images, not {batch}.");
        }

        var recipe = Recipes.Load(Recipe ?? Fallback);
        return new TrainStepSettings
        {
            Model = Model,
            Labels = Labels?.Split(',', StringSplitOptions.TrimEntries) ?? (Classes is { } count ? [.. Enumerable.Range(0, count).Select(i => $"{i}")] : null),
            Foreign = ResolveForeign() with { Size = ParseSize() },
            Recipe = recipe with
            {
                BatchSize = batch ?? recipe.BatchSize,
                Optimizer = Optimizer ?? recipe.Optimizer,
                Momentum = Momentum ?? recipe.Momentum,
                WeightDecay = WeightDecay ?? recipe.WeightDecay,
                LayerDecay = LayerDecay ?? recipe.LayerDecay,
                EmaDecay = EmaDecay ?? recipe.EmaDecay,
                ClipGradient = ClipGradient ?? recipe.ClipGradient,
                DropPath = DropPath ?? recipe.DropPath,
            },
            Seed = Seed ?? 0,
        };
    }

    private ForeignModelSettings ResolveForeign() => new()
    {
        HeadAt = HeadAt, PixelMax = PixelMax ?? 1, Mean = NumberList.Parse<float>("--mean", Mean), Std = NumberList.Parse<float>("--std", Std), Bgr = Bgr,
    };
}
