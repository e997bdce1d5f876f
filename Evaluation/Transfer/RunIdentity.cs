using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>Everything that decides what a run measures, up to rounding: what two runs of the same key have in common. Device, backend and threads are not in it.</summary>
internal sealed record RunIdentity
{
    /// <summary>Name of the backbone in tables.</summary>
    public string Backbone { get; init; } = "";

    /// <summary>Hash of its weights and of how it is fed, or the name of the architecture that is initialised at random.</summary>
    public string Weights { get; init; } = "";

    /// <summary>Name of the data set in tables.</summary>
    public string Data { get; init; } = "";

    /// <summary>Hash of its classes and labels.</summary>
    public string Images { get; init; } = "";

    public TransferProtocol Protocol { get; init; }

    public int? Shots { get; init; }

    public ulong Seed { get; init; }

    public int Labelled { get; init; }

    public int Validation { get; init; }

    public bool Refit { get; init; }

    /// <summary>The recipes that fine-tuning chooses from.</summary>
    public TrainingRecipe[] Recipes { get; init; } = [];

    /// <summary>The seed by whose split it chooses.</summary>
    public ulong ChosenWith { get; init; }

    /// <summary>The strengths that probe and few-shot choose from.</summary>
    public double[] Strengths { get; init; } = [];

    /// <summary>The name of the run.</summary>
    public string ToKey() => RunKey.Of(Yaml.Write(this));

    /// <summary>The identity of a run; what its protocol does not use is left out, so that it does not matter.</summary>
    public static RunIdentity Of(TransferSettings settings, TransferBackbone backbone, TransferData data, TransferProtocol protocol, int? shots, ulong seed)
    {
        var identity = new RunIdentity
        {
            Backbone = backbone.Name, Weights = backbone.Identity, Data = data.Source.Name, Images = data.Identity, Protocol = protocol, Shots = shots, Seed = seed,
        };
        var shared = identity with { Labelled = data.Labelled, Validation = data.Validation, Refit = settings.Refit };
        return protocol switch
        {
            TransferProtocol.Finetune => shared with { Recipes = [.. settings.Recipes()], ChosenWith = settings.Seed },
            TransferProtocol.Probe => shared with { Strengths = settings.Strengths },
            TransferProtocol.Knn => identity with { Labelled = data.Labelled },
            _ => identity with { Strengths = settings.Strengths },
        };
    }
}
