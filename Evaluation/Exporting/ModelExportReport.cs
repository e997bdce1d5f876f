namespace OneFractal.Evaluation;

/// <summary>What <see cref="ModelExport"/> wrote.</summary>
/// <param name="Path">The ONNX file.</param>
/// <param name="Sidecar">The JSON file beside it, or null for a model without metadata.</param>
/// <param name="Bytes">Size of the ONNX file.</param>
/// <param name="Opset">Its operator set.</param>
/// <param name="Inputs">Each input, e.g. <c>images float[batch, 3, 32, 32]</c>.</param>
/// <param name="Outputs">Each output.</param>
/// <param name="MaxError">Largest difference between the outputs of the trained and the written model on ONNX Runtime.</param>
/// <param name="Tolerance">The largest that would have been accepted.</param>
public sealed record ModelExportReport(
    string Path,
    string? Sidecar,
    long Bytes,
    int Opset,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    double MaxError,
    double Tolerance);
