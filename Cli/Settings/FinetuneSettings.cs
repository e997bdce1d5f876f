using System.ComponentModel;
using OneFractal.Training;
using Spectre.Console.Cli;

namespace OneFractal.Cli.Settings;

/// <summary>Options of <c>finetune</c>.</summary>
internal sealed class FinetuneSettings : ForeignSettings
{
    [CommandArgument(0, "[DATA]")]
    [Description("A folder of class folders (with or without train, val, test), or fashion-mnist")]
    public string? Data { get; init; }

    [CommandOption("--backbone <FILE>")]
    [Description("Model file to start from: a run's backbone.onnx, or any ONNX image network")]
    public string? Backbone { get; init; }

    [CommandOption("--from-scratch <NAME>")]
    [Description("Start from random weights instead: vit-nano, resnet18 ... ('backbone list' names all)")]
    public string? FromScratch { get; init; }

    [CommandOption(OptionNames.Labelled)]
    [Description("Use only this many labelled images, each class its share")]
    public int? Labelled { get; init; }

    [CommandOption(OptionNames.Validation)]
    [Description("Do not learn this many other training images but measure on them; 0 for none (default: the data's own validation images, or 15 % of each class)")]
    [AtLeast(0)]
    public int? Validation { get; init; }

    [CommandOption("--patience <N>")]
    [Description("Stop after this many of a run's 50 measurements without a lower loss on the validation images, and keep the best weights; 0: all steps, last weights (default: 15)")]
    [AtLeast(0)]
    public int? Patience { get; init; }

    [CommandOption("--class-weights <KIND>")]
    [Description("auto: show classes with few images oftener, up to 10 times, where the largest has over 3 times the images of the smallest; none: never")]
    [DefaultValue(ClassWeighting.Auto)]
    public ClassWeighting ClassWeights { get; init; }

    /// <summary>What is to be done; without a recipe, what the options leave open is chosen by the number of images.</summary>
    public FinetuningSettings ToSettings() => new()
    {
        Data = Data ?? "",
        Backbone = Backbone,
        Foreign = ResolveForeign(),
        FromScratch = FromScratch,
        Labelled = Labelled,
        Validation = Validation,
        Patience = Patience,
        ClassWeights = ClassWeights,
        OnBadImage = OnBadImage,
        Recipe = Recipe is { } recipe ? ResolveRecipe(recipe) : null,
        Adjust = Override,
        Seed = Seed,
    };
}
