namespace OneFractal.Cli.Settings;

/// <summary>What <c>bench</c> measures.</summary>
internal enum BenchSubject
{
    /// <summary>The fractal renderer.</summary>
    Synth,

    /// <summary>The loader.</summary>
    Data,

    /// <summary>Training through the graph against networks written by hand.</summary>
    Graph,

    /// <summary>Training on ONNX Runtime against training on TorchSharp.</summary>
    Train,

    /// <summary>Classifying files against the bare session call.</summary>
    Predict,

    /// <summary>Models alone, side by side.</summary>
    Infer,
}
