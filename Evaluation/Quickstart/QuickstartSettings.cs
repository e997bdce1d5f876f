using OneFractal.Data.Fractals;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What the quickstart does; the defaults fit into minutes on two cores.</summary>
public sealed record QuickstartSettings
{
    /// <summary>The backbone.</summary>
    public string Backbone { get; init; } = "vit-nano";

    /// <summary>The data set to fine-tune on: <c>fashion-mnist</c>, or a folder of class folders.</summary>
    public string Data { get; init; } = "fashion-mnist";

    /// <summary>How many labelled images are used.</summary>
    public int Labelled { get; init; } = 1000;

    /// <summary>How many other training images are watched while it learns, for the curves only.</summary>
    public int Validation { get; init; } = 500;

    /// <summary>The fractal classes.</summary>
    public FractalSetSettings Fractals { get; init; } = new PretrainingSettings().Fractals;

    /// <summary>The recipe of the pre-training.</summary>
    public TrainingRecipe Pretraining { get; init; } = Recipes.Load("quick-cpu");

    /// <summary>The recipe of the fine-tuning, the same for both starts.</summary>
    public TrainingRecipe Finetuning { get; init; } = Recipes.Load("finetune-small");

    /// <summary>Seed of everything random.</summary>
    public ulong Seed { get; init; }
}
