namespace OneFractal.Common;

/// <summary>Interpolation of a resize, by timm's names. Shrinking averages over the source area (antialias), as PIL does.</summary>
public enum Interpolation
{
    /// <summary>Nearest neighbour.</summary>
    Nearest,

    /// <summary>Linear in x and y.</summary>
    Bilinear,

    /// <summary>Cubic in x and y.</summary>
    Bicubic,
}
