namespace OneFractal.Training;

/// <summary>Tells which models TorchSharp can run and train.</summary>
public static class OperatorSupport
{
    /// <summary>Operators of the model, with the nodes that need them, that are not supported at its opset; empty when it runs.</summary>
    public static IReadOnlyList<string> Unsupported(OnnxModel model) => OperatorTable.Unsupported(model);
}
