namespace OneFractal.Training;

/// <summary>What computes training steps.</summary>
public enum BackendKind
{
    /// <summary>The faster of the others for the model, the recipe and the machine: measured when a run starts, and kept when it is resumed.</summary>
    Auto,

    /// <summary>Stock ONNX Runtime: a gradient graph of standard operators.</summary>
    OnnxRuntime,

    /// <summary>libtorch through TorchSharp: its operators and autograd.</summary>
    TorchSharp,
}
