namespace OneFractal.Evaluation;

/// <summary>A software stack that a model is written for, with the files that it expects around the weights.</summary>
public enum BundleKind
{
    /// <summary>ONNX Runtime in C#, Python or C: model, metadata, and the code that runs it.</summary>
    OnnxRuntime,

    /// <summary>NVIDIA Triton Inference Server: a folder of its model repository.</summary>
    Triton,

    /// <summary>OpenCV DNN: one batch size, no Dropout.</summary>
    OpenCv,

    /// <summary>A web page: onnxruntime-web.</summary>
    Web,

    /// <summary>timm: <c>config.json</c> and <c>model.safetensors</c>, as a folder of the Hugging Face hub has them.</summary>
    Timm,

    /// <summary>Hugging Face Transformers and Transformers.js.</summary>
    HuggingFace,
}
