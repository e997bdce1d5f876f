namespace OneFractal.Evaluation;

/// <summary>What <see cref="TrainStepExport"/> wrote.</summary>
/// <param name="Path">The ONNX file.</param>
/// <param name="Sidecar">The JSON file beside it.</param>
/// <param name="Bytes">Size of the ONNX file.</param>
/// <param name="Opset">Its operator set.</param>
/// <param name="Inputs">Each input that a step is fed, state left out, e.g. <c>images float[8, 3, 32, 32]</c>.</param>
/// <param name="Outputs">Each output that is not state.</param>
/// <param name="StateTensors">How many tensors go in as <c>X</c> and come out as <c>next.X</c>.</param>
/// <param name="StateValues">Number of their values.</param>
public sealed record TrainStepExportReport(
    string Path,
    string Sidecar,
    long Bytes,
    int Opset,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    int StateTensors,
    long StateValues);
