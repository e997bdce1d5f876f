namespace OneFractal.Evaluation;

/// <summary>What there is to know of a model file before training it.</summary>
/// <param name="Model">The file.</param>
/// <param name="Opset">Version of its operators.</param>
/// <param name="Producer">What wrote it, or empty.</param>
/// <param name="Inputs">Its inputs as <c>name type[shape]</c>.</param>
/// <param name="Outputs">Its outputs as <c>name type[shape]</c>.</param>
/// <param name="Graph">Layers, and which tensors train.</param>
/// <param name="Unsupported">Operators that TorchSharp's training lacks.</param>
/// <param name="Head">Where the classification head is, or why that cannot be told.</param>
/// <param name="Next">The command to go on with, or why there is none.</param>
public sealed record ModelReport(
    string Model,
    int Opset,
    string Producer,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    GraphInspection Graph,
    IReadOnlyList<string> Unsupported,
    string Head,
    string Next);
