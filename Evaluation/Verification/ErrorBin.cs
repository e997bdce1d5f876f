namespace OneFractal.Evaluation;

/// <summary>How many values have an absolute error of this size.</summary>
/// <param name="From">The least of these errors.</param>
/// <param name="To">What they are all below, or 0 for no error at all, or null where there is no limit.</param>
/// <param name="Count">How many.</param>
public sealed record ErrorBin(double From, double? To, long Count);
