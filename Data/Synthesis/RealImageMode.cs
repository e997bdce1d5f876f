namespace OneFractal.Data.Synthesis;

/// <summary>What is taken from a real image.</summary>
public enum RealImageMode
{
    /// <summary>Its colours.</summary>
    Rgb,

    /// <summary>Its brightness.</summary>
    Grey,

    /// <summary>Its edges, white on black.</summary>
    Canny,
}
