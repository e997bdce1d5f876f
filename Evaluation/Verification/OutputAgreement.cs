namespace OneFractal.Evaluation;

/// <summary>
/// How far one output of a runtime, <c>a</c>, is from the reference's, <c>b</c>. The figures are null where it gave no such output, or values that are not finite.
/// </summary>
public sealed record OutputAgreement : AgreementFigures
{
    /// <summary>Name of the output.</summary>
    public required string Output { get; init; }

    /// <summary>Whether it is within the tolerance.</summary>
    public required bool Passed { get; init; }

    /// <summary>What the tolerance is multiplied by: the largest |b|, or 1 where that is larger.</summary>
    public required double Scale { get; init; }

    /// <summary>Why there are no figures, else empty.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The error in units of what the tolerance allows at 1: the larger, the worse.</summary>
    internal double Badness => MaxAbsoluteError / Scale ?? double.PositiveInfinity;
}
