namespace OneFractal.Evaluation;

/// <summary>How far the outputs of one runtime are from the reference's. The figures are null where it gave no outputs, or no finite ones.</summary>
/// <param name="Runtime">Name of the runtime.</param>
/// <param name="Status">The verdict.</param>
/// <param name="MaxAbsoluteError">Largest |a − b| of any output of any image.</param>
/// <param name="MeanAbsoluteError">Mean of |a − b|.</param>
/// <param name="MaxRelativeError">Largest |a − b| of an image in units of that image's largest |b|.</param>
/// <param name="Top1Agreement">Share of images whose largest output is the same one; null for a model without a head.</param>
/// <param name="Detail">Why it failed or is not there, else empty.</param>
public sealed record RuntimeAgreement(
    string Runtime,
    VerificationStatus Status,
    double? MaxAbsoluteError,
    double? MeanAbsoluteError,
    double? MaxRelativeError,
    double? Top1Agreement,
    string Detail);
