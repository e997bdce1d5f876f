namespace OneFractal.Training;

/// <summary>What a training step computes with. Parameters, optimizer state and files are float32 either way.</summary>
public enum Precision
{
    /// <summary>float32 throughout.</summary>
    Float32,

    /// <summary>bfloat16 in matrix products and convolutions, float32 elsewhere; for GPUs of the last years.</summary>
    BFloat16,
}
