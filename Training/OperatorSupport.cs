namespace OneFractal.Training;

/// <summary>What the training backends do with one ONNX operator.</summary>
/// <param name="Operator">ONNX name, in the default domain.</param>
/// <param name="Opsets">Ranges of opsets, one for each implementation that is chosen, such as "7-12, 13-26".</param>
/// <param name="TorchSharp">Whether TorchSharp differentiates it; otherwise it only computes it.</param>
/// <param name="OnnxRuntime">Whether a graph with it trains on ONNX Runtime.</param>
public sealed record OperatorSupport(string Operator, string Opsets, bool TorchSharp, bool OnnxRuntime);
