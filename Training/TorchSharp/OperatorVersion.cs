namespace OneFractal.Training;

/// <summary>An operator's implementation from one opset version on, until a newer one.</summary>
/// <param name="OpType">ONNX name.</param>
/// <param name="Since">First opset version with these semantics.</param>
/// <param name="Compile">Reads the attributes once and returns what runs.</param>
/// <param name="Until">Last opset version that has the operator.</param>
internal sealed record OperatorVersion(string OpType, int Since, Func<NodeContext, Kernel> Compile, int Until = OnnxModel.NewestOpset);
