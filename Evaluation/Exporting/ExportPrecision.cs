namespace OneFractal.Evaluation;

/// <summary>What numbers a deployed model stores and computes with. Inputs and outputs are float32 in each.</summary>
public enum ExportPrecision
{
    /// <summary>float32.</summary>
    Float32,

    /// <summary>float16 where it is safe: see <see cref="HalfPrecision"/>.</summary>
    Float16,

    /// <summary>Weights stored as bfloat16, computed with as float32: see <see cref="BFloat16Weights"/>.</summary>
    BFloat16,

    /// <summary>int8 weights, activations quantised while it runs: see <see cref="DynamicQuantization"/>.</summary>
    Int8,

    /// <summary>int8 weights and uint8 activations with ranges measured on real images: see <see cref="StaticQuantization"/>.</summary>
    Int8Static,
}
