using System.ComponentModel;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>quickstart</c>.</summary>
internal sealed class QuickstartSettings : JobSettings
{
    [CommandOption("--data <DATA>")]
    [Description("What to fine-tune on: a folder of class folders, or fashion-mnist")]
    [DefaultValue("fashion-mnist")]
    public string Data { get; init; } = "";

    [CommandOption(OptionNames.Labelled)]
    [Description("How many labelled images are used, each class its share")]
    [DefaultValue(1000)]
    [AtLeast(2)]
    public int Labelled { get; init; }

    [CommandOption(OptionNames.Validation)]
    [Description("Watch this many other training images, for the curves only")]
    [DefaultValue(500)]
    [AtLeast(0)]
    public int Validation { get; init; }

    [CommandOption(OptionNames.Steps)]
    [Description("Steps of the pre-training (default: the recipe's)")]
    [AtLeast(1)]
    public int? Steps { get; init; }

    [CommandOption("--finetune-steps <N>")]
    [Description("Steps of each fine-tuning (default: the recipe's)")]
    [AtLeast(1)]
    public int? FinetuneSteps { get; init; }

    /// <summary>What is to be done.</summary>
    public Evaluation.QuickstartSettings ToSettings()
    {
        var defaults = new Evaluation.QuickstartSettings();
        return defaults with
        {
            Data = Data,
            Labelled = Labelled,
            Validation = Validation,
            Seed = Seed,
            Fractals = defaults.Fractals with { Seed = Seed },
            Pretraining = defaults.Pretraining with { Steps = Steps ?? defaults.Pretraining.Steps },
            Finetuning = defaults.Finetuning with { Steps = FinetuneSteps ?? defaults.Finetuning.Steps },
        };
    }
}
