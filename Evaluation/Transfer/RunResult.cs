namespace OneFractal.Evaluation;

/// <summary>What a run left: its row of <c>results.csv</c>, and what does not fit into one.</summary>
/// <param name="Row">The row.</param>
/// <param name="Confusion">What was taken for what, [classes][classes].</param>
/// <param name="Calibration">Test predictions by confidence, 15 bins.</param>
/// <param name="Mistakes">The surest of its mistakes.</param>
/// <param name="Training">Name of the folder of its training, if there was one.</param>
public sealed record RunResult(
    ResultRow Row, int[][] Confusion, IReadOnlyList<CalibrationBin> Calibration, IReadOnlyList<Mistake> Mistakes, string? Training);
