namespace OneFractal.Evaluation;

/// <summary>What a sweep left.</summary>
/// <param name="Folder">Its files.</param>
/// <param name="Cells">All its cells.</param>
/// <param name="Rows">The rows of <c>sweep.csv</c>.</param>
/// <param name="Figures">The figures over the seeds.</param>
/// <param name="Failures">What failed.</param>
/// <param name="Notes">What was left out, and why.</param>
public sealed record SweepResult(
    SweepFolder Folder, IReadOnlyList<SweepCell> Cells, IReadOnlyList<SweepRow> Rows, IReadOnlyList<SweepFigures> Figures, IReadOnlyList<SweepFailure> Failures, IReadOnlyList<string> Notes);
