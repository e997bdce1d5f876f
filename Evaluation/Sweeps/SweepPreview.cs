namespace OneFractal.Evaluation;

/// <summary>What a sweep would do.</summary>
/// <param name="Cells">Its cells, and whether each is done already.</param>
/// <param name="Pretrainings">How many different pre-trainings they need.</param>
/// <param name="PretrainingsLeft">How many of them are still to be done.</param>
/// <param name="Evaluations">How many different evaluations they are.</param>
/// <param name="EvaluationsLeft">How many of them are still to be done.</param>
/// <param name="Estimate">How long that takes.</param>
/// <param name="Notes">What is left out, and why.</param>
public sealed record SweepPreview(
    IReadOnlyList<(SweepCell Cell, bool Done)> Cells,
    int Pretrainings,
    int PretrainingsLeft,
    int Evaluations,
    int EvaluationsLeft,
    SweepEstimate Estimate,
    IReadOnlyList<string> Notes);
