namespace OneFractal.Evaluation;

/// <summary>Where the weights of a sweep's cell come from.</summary>
public enum SweepSource
{
    /// <summary>Pre-training on perturbed copies of one fractal (1p-frac).</summary>
    Fractal,

    /// <summary>Pre-training on fractals of their own (FractalDB; OFDB with one image a class).</summary>
    Fractals,

    /// <summary>Pre-training on distortions of one real image.</summary>
    Image,

    /// <summary>Pre-training on noise, a control.</summary>
    Noise,

    /// <summary>Random weights, others with every seed.</summary>
    Scratch,

    /// <summary>An .onnx file, ours or foreign.</summary>
    File,
}
