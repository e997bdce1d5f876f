using System.ComponentModel;
using OneFractal.Evaluation;
using OneFractal.Training;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>evaluate</c>.</summary>
internal sealed class EvaluateSettings : ForeignSettings
{
    [CommandOption("--backbone <PATH>")]
    [Description("A run folder, an ONNX file (ours or any image network), or scratch:NAME for random weights, such as scratch:vit-micro; again for more; NAME=PATH gives it a name")]
    public string[]? Backbone { get; init; }

    [CommandOption("--control <PATH>")]
    [Description("A backbone that the others must beat, such as one pre-trained with a --delta too small to tell apart; again for more")]
    public string[]? Control { get; init; }

    [CommandOption("--data <DATA>")]
    [Description("A folder of class folders, a .csv manifest, a folder of IDX or CIFAR files, or fashion-mnist; again for more; NAME=DATA gives it a name")]
    public string[]? Data { get; init; }

    [CommandOption("--protocol <LIST>")]
    [Description("Which of finetune (all weights), probe (linear classifier on frozen features), knn (20 nearest neighbours) and fewshot (probe from a few images a class)")]
    [DefaultValue("finetune,probe,knn,fewshot")]
    public string Protocol { get; init; } = "";

    [CommandOption("--seeds <N>")]
    [Description("How often everything is run, each time with other labelled images and another seed, from --seed on")]
    [DefaultValue(3)]
    [AtLeast(1)]
    public int Seeds { get; init; }

    [CommandOption(OptionNames.Labelled)]
    [Description("Labelled images that a run may use, those that settings are chosen by included; 0 for all (default: 1000, or all if fewer)")]
    [AtLeast(0)]
    public int? Labelled { get; init; }

    [CommandOption(OptionNames.Validation)]
    [Description("How many of them are held out to choose settings by (default: a fifth)")]
    [AtLeast(1)]
    public int? Validation { get; init; }

    [CommandOption("--refit")]
    [Description("Once settings are chosen, learn from all labelled images; with --labelled 1000 --validation 200 this is VTAB-1k's protocol")]
    public bool Refit { get; init; }

    [CommandOption("--shots <LIST>")]
    [Description("fewshot: labelled images a class")]
    [DefaultValue("1,5,10")]
    public string Shots { get; init; } = "";

    [CommandOption("--test-images <N>")]
    [Description("Test on this many of the test images, each class its share (default: all)")]
    [AtLeast(1)]
    public int? TestImages { get; init; }

    [CommandOption("--lr-choices <LIST>")]
    [Description("finetune: learning rates to choose from (default: 0.3, 1 and 3 times the recipe's; with --lr that one)")]
    public string? LearningRates { get; init; }

    [CommandOption("--weight-decay-choices <LIST>")]
    [Description("finetune: weight decays to choose from (default: the recipe's)")]
    public string? WeightDecays { get; init; }

    [CommandOption("--l2 <LIST>")]
    [Description("probe, fewshot: strengths of L2 to choose from")]
    [DefaultValue("0.0001,0.001,0.01,0.1,1")]
    public string Strengths { get; init; } = "";

    [CommandOption("--markdown")]
    [Description("Print the tables as Markdown, for a README; they are in results.md too")]
    public bool Markdown { get; init; }

    /// <summary>What is to be done.</summary>
    public TransferSettings ToSettings()
    {
        var recipe = ResolveRecipe("finetune-small");
        double[] rates = LearningRate is null ? TransferSettings.DefaultLearningRates(recipe) : [recipe.LearningRate];
        return new TransferSettings
        {
            Backbones = [.. (Backbone ?? []).Select(b => BackboneSource.Parse(b)), .. (Control ?? []).Select(b => BackboneSource.Parse(b, control: true))],
            Foreign = ResolveForeign(),
            Data = [.. (Data ?? []).Select(DataSource.Parse)],
            OnBadImage = OnBadImage,
            Protocols = [.. Protocol.Split(',').Select(ParseProtocol)],
            Seed = Seed,
            Seeds = Seeds,
            Labelled = Labelled,
            Validation = Validation,
            Refit = Refit,
            Shots = NumberList.Parse<int>("--shots", Shots)!,
            TestImages = TestImages,
            Recipe = recipe,
            LearningRates = NumberList.Parse<double>("--lr-choices", LearningRates) ?? rates,
            WeightDecays = NumberList.Parse<double>("--weight-decay-choices", WeightDecays) ?? [],
            Strengths = NumberList.Parse<double>("--l2", Strengths)!,
        };
    }

    private static TransferProtocol ParseProtocol(string name)
    {
        return Enum.TryParse<TransferProtocol>(name.Trim(), ignoreCase: true, out var protocol) && !int.TryParse(name, out _)
            ? protocol
            : throw new UsageException($"--protocol: '{name}' is none of finetune, probe, knn, fewshot.");
    }
}
