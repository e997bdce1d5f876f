namespace OneFractal.Evaluation;

/// <summary>A piece of work of a sweep that one process does: either a pre-training, or the evaluation of a cell.</summary>
internal sealed record SweepPart
{
    /// <summary>Hash of everything that decides its result.</summary>
    public string Key { get; init; } = "";

    /// <summary>What people call it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Key of the pre-training that must have ended first.</summary>
    public string? Needs { get; init; }

    /// <summary>What it does if it is a pre-training.</summary>
    public SweepPretraining? Pretraining { get; init; }

    /// <summary>What it does if it is an evaluation.</summary>
    public TransferSettings? Evaluation { get; init; }
}
