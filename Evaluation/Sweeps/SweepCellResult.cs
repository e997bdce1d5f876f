namespace OneFractal.Evaluation;

/// <summary>A cell that has ended.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="PretextAccuracy">Share of the pre-training's classes that were told apart at its end, or null without pre-training.</param>
/// <param name="Rows">The rows of its evaluation.</param>
internal sealed record SweepCellResult(SweepCell Cell, double? PretextAccuracy, IReadOnlyList<ResultRow> Rows);
