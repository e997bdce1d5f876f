namespace OneFractal.Data.Fractals;

/// <summary>What the classes of a fractal set are.</summary>
public enum FractalFamily
{
    /// <summary>Perturbed copies of one base system (1p-frac).</summary>
    OneFractal,

    /// <summary>A base system each (FractalDB, and OFDB with one image a class).</summary>
    ManyFractals,
}
