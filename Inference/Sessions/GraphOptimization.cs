namespace OneFractal.Inference;

/// <summary>How far ONNX Runtime may rewrite a graph before it runs it: its own levels, each with all of the ones before.</summary>
public enum GraphOptimization
{
    /// <summary>Every node runs as it is written.</summary>
    None,

    /// <summary>Rewrites that keep the operators of ONNX: constants folded, nodes without effect removed.</summary>
    Basic,

    /// <summary>Nodes fused into ONNX Runtime's own operators.</summary>
    Extended,

    /// <summary>Convolutions in the memory layout that suits the processor.</summary>
    Layout,

    /// <summary>Everything: ONNX Runtime's default.</summary>
    All,
}
