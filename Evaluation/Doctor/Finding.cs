namespace OneFractal.Evaluation;

/// <summary>What was found about one thing that OneFractal uses.</summary>
/// <param name="Name">The thing.</param>
/// <param name="Status">Whether it works.</param>
/// <param name="Detail">Versions, sizes, or the error.</param>
/// <param name="Hint">What to do about it, if anything.</param>
public sealed record Finding(string Name, FindingStatus Status, string Detail, string? Hint = null);
