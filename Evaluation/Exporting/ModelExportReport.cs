namespace OneFractal.Evaluation;

/// <summary>What <see cref="ModelExport"/> wrote.</summary>
/// <param name="Path">The ONNX file, or the folder of a bundle.</param>
/// <param name="Files">What was written: their paths, or those in the bundle's folder.</param>
/// <param name="Bytes">Size of all of them.</param>
/// <param name="Opset">The operator set.</param>
/// <param name="Inputs">Each input, e.g. <c>images float[batch, 3, 32, 32]</c>.</param>
/// <param name="Outputs">Each output.</param>
/// <param name="MaxError">Largest difference between the outputs of the trained and the deployed model on ONNX Runtime, both float32.</param>
/// <param name="Tolerance">The largest that would have been accepted.</param>
/// <param name="Images">What the variants were compared on; null where there was nothing to compare.</param>
/// <param name="Variants">float32, and each precision that was written.</param>
/// <param name="Preprocessing">The embedded preprocessing beside OneFractal's own, or null without.</param>
/// <param name="Notes">What else is to be known, a line each.</param>
public sealed record ModelExportReport(
    string Path,
    IReadOnlyList<string> Files,
    long Bytes,
    int Opset,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    double MaxError,
    double Tolerance,
    string? Images,
    IReadOnlyList<ExportedVariant> Variants,
    PreprocessingAgreement? Preprocessing,
    IReadOnlyList<string> Notes);
