namespace OneFractal.Evaluation;

/// <summary>What <see cref="ModelExport"/> wrote.</summary>
/// <param name="Path">The ONNX file, or the folder of a bundle.</param>
/// <param name="Files">What was written: their paths, or those in the bundle's folder.</param>
/// <param name="Bytes">Size of all of them.</param>
/// <param name="Opset">Its operator set.</param>
/// <param name="Inputs">Each input, e.g. <c>images float[batch, 3, 32, 32]</c>.</param>
/// <param name="Outputs">Each output.</param>
/// <param name="MaxError">Largest difference between the outputs of the trained and the written model on ONNX Runtime.</param>
/// <param name="Tolerance">The largest that would have been accepted.</param>
public sealed record ModelExportReport(
    string Path,
    IReadOnlyList<string> Files,
    long Bytes,
    int Opset,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    double MaxError,
    double Tolerance);
