namespace OneFractal.Evaluation;

/// <summary>How far values of a runtime, <c>a</c>, are from the reference's, <c>b</c>; null where there is nothing finite to compare.</summary>
public abstract record AgreementFigures
{
    /// <summary>Largest |a − b|.</summary>
    public double? MaxAbsoluteError { get; init; }

    /// <summary>Mean of |a − b|.</summary>
    public double? MeanAbsoluteError { get; init; }

    /// <summary>Largest |a − b| in units of |b|, or of the root mean square of that image's b where that is larger.</summary>
    public double? MaxRelativeError { get; init; }

    /// <summary>Mean of the same.</summary>
    public double? MeanRelativeError { get; init; }

    /// <summary>Share of images whose largest value is at the same place; null for what is not scores of classes. Of several outputs of scores, the least.</summary>
    public double? Top1Agreement { get; init; }

    /// <summary>Share of images whose five largest values are at the same places, in any order; null with five classes or fewer too.</summary>
    public double? Top5Agreement { get; init; }

    /// <summary>The absolute errors, counted by size.</summary>
    public IReadOnlyList<ErrorBin>? Histogram { get; init; }
}
