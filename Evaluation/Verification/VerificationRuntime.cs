namespace OneFractal.Evaluation;

/// <summary>The runtimes that <see cref="Verification"/> knows.</summary>
public enum VerificationRuntime
{
    /// <summary>ONNX Runtime on the CPU, at each of its levels of optimisation.</summary>
    OnnxRuntime,

    /// <summary>ONNX Runtime on a GPU.</summary>
    Cuda,

    /// <summary>TorchSharp on the CPU, which trains the graph.</summary>
    TorchSharp,

    /// <summary>OpenCV DNN.</summary>
    OpenCv,

    /// <summary>onnxruntime-node.</summary>
    Node,

    /// <summary>onnxruntime-web in a browser: WebAssembly, one thread.</summary>
    Web,
}
