namespace OneFractal.Data.Synthesis;

/// <summary>The distribution of a noise image's values.</summary>
public enum NoiseKind
{
    /// <summary>Normal with mean 127.5 and standard deviation 64, cut to 0..255.</summary>
    Gaussian,

    /// <summary>Uniform in 0..255.</summary>
    Uniform,
}
