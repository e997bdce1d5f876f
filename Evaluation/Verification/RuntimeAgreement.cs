namespace OneFractal.Evaluation;

/// <summary>
/// How far the outputs of one runtime, <c>a</c>, are from the reference's, <c>b</c>. The figures are null where it gave no outputs, or no finite ones.
/// </summary>
public sealed record RuntimeAgreement
{
    /// <summary>Name of the runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>The verdict.</summary>
    public required VerificationStatus Status { get; init; }

    /// <summary>Largest absolute error that passes, in units of the reference's largest output, or of 1 where that is larger.</summary>
    public double? Tolerance { get; init; }

    /// <summary>Largest |a − b| of any output of any image.</summary>
    public double? MaxAbsoluteError { get; init; }

    /// <summary>Mean of |a − b|.</summary>
    public double? MeanAbsoluteError { get; init; }

    /// <summary>Largest |a − b| in units of |b|, or of the root mean square of that image's b where that is larger.</summary>
    public double? MaxRelativeError { get; init; }

    /// <summary>Mean of the same.</summary>
    public double? MeanRelativeError { get; init; }

    /// <summary>Share of images whose largest output is the same one; null for a model without a head.</summary>
    public double? Top1Agreement { get; init; }

    /// <summary>Share of images whose five largest outputs are the same ones, in any order; null without a head, or with five classes or fewer.</summary>
    public double? Top5Agreement { get; init; }

    /// <summary>The absolute errors, counted by size.</summary>
    public IReadOnlyList<ErrorBin>? Histogram { get; init; }

    /// <summary>Why it failed or is not there, else empty.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Where it first differs from the reference, if it failed and this was looked for.</summary>
    public FirstDifference? FirstDifference { get; init; }
}
