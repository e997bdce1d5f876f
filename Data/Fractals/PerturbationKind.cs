namespace OneFractal.Data.Fractals;

/// <summary>How a class's system differs from the base system.</summary>
public enum PerturbationKind
{
    /// <summary>Each parameter is multiplied by U(1 − Δ, 1 + Δ), as in the published code.</summary>
    Multiplicative,

    /// <summary>U(−Δ/2, Δ/2) is added to each parameter, as in the paper's formula.</summary>
    Additive,
}
