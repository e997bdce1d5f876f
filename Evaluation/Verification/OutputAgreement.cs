namespace OneFractal.Evaluation;

/// <summary>
/// How far one output of a runtime, <c>a</c>, is from the reference's, <c>b</c>. The figures are null where it gave no such output, or values that are not finite.
/// </summary>
public sealed record OutputAgreement
{
    /// <summary>Name of the output.</summary>
    public required string Output { get; init; }

    /// <summary>Whether it is within the tolerance.</summary>
    public required bool Passed { get; init; }

    /// <summary>What the tolerance is multiplied by: the largest |b|, or 1 where that is larger.</summary>
    public required double Scale { get; init; }

    /// <summary>Largest |a − b|.</summary>
    public double? MaxAbsoluteError { get; init; }

    /// <summary>Mean of |a − b|.</summary>
    public double? MeanAbsoluteError { get; init; }

    /// <summary>Largest |a − b| in units of |b|, or of the root mean square of that image's b where that is larger.</summary>
    public double? MaxRelativeError { get; init; }

    /// <summary>Mean of the same.</summary>
    public double? MeanRelativeError { get; init; }

    /// <summary>Share of images whose largest value is at the same place; null for what is not scores of classes.</summary>
    public double? Top1Agreement { get; init; }

    /// <summary>Share of images whose five largest values are at the same places, in any order; null with five classes or fewer too.</summary>
    public double? Top5Agreement { get; init; }

    /// <summary>The absolute errors, counted by size.</summary>
    public IReadOnlyList<ErrorBin>? Histogram { get; init; }

    /// <summary>Why there are no figures, else empty.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The error in units of what the tolerance allows at 1: the larger, the worse.</summary>
    internal double Badness => MaxAbsoluteError / Scale ?? double.PositiveInfinity;
}
