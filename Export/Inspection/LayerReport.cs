namespace OneFractal.Export;

/// <summary>A node of a model.</summary>
/// <param name="Name">Its name, or that of its first output.</param>
/// <param name="Operator">ONNX operator.</param>
/// <param name="Shape">What is known of its first output for one image, as <c>[1, 64, 112, 112]</c>.</param>
/// <param name="Parameters">Values of weights that it is the first to read.</param>
/// <param name="Macs">Multiply-accumulates for one image; null where they cannot be counted.</param>
public sealed record LayerReport(string Name, string Operator, string Shape, long Parameters, long? Macs);
