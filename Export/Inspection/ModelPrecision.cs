namespace OneFractal.Export;

/// <summary>What a model computes with where it is least exact.</summary>
public enum ModelPrecision
{
    /// <summary>24 bits, or more.</summary>
    Float32,

    /// <summary>11 bits.</summary>
    Float16,

    /// <summary>8 bits.</summary>
    BFloat16,

    /// <summary>Weights or values of 8 bits, in steps: a rounding that falls the other way is a whole step.</summary>
    Int8,
}
