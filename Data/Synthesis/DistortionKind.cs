namespace OneFractal.Data.Synthesis;

/// <summary>How the classes of a real image differ from it. Coordinates run from −1 to 1 over the image.</summary>
public enum DistortionKind
{
    /// <summary>U(−Δ, Δ) is added to each of the six parameters of the identity map.</summary>
    Affine,

    /// <summary>To each coordinate a cubic polynomial is added whose ten coefficients are U(−Δ, Δ).</summary>
    Polynomial,

    /// <summary>A smooth random displacement field of standard deviation Δ (Simard et al. 2003).</summary>
    Elastic,
}
