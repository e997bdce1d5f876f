namespace OneFractal.Evaluation;

/// <summary>What a transfer evaluation left.</summary>
/// <param name="Folder">Its files.</param>
/// <param name="Runs">What was asked for, in the order data set, backbone, seed, protocol.</param>
/// <param name="Summary">The figures over the seeds.</param>
public sealed record TransferResult(TransferFolder Folder, IReadOnlyList<RunResult> Runs, TransferSummary Summary);
