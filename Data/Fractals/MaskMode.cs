namespace OneFractal.Data.Fractals;

/// <summary>What a point of the chaos game paints.</summary>
public enum MaskMode
{
    /// <summary>A 3×3 patch with random holes; the holes erase what was there.</summary>
    Random,

    /// <summary>A full 3×3 patch.</summary>
    Fill,
}
