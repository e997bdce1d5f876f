namespace OneFractal.Training;

/// <summary>What computes training steps.</summary>
public enum BackendKind
{
    /// <summary>libtorch through TorchSharp: its operators and autograd.</summary>
    TorchSharp,

    /// <summary>Stock ONNX Runtime: a gradient graph of standard operators.</summary>
    OnnxRuntime,
}
