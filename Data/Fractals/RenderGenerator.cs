namespace OneFractal.Data.Fractals;

/// <summary>Which random numbers and arithmetic draw an image.</summary>
public enum RenderGenerator
{
    /// <summary>Bit for bit those of the published generator.</summary>
    Published,

    /// <summary>Of the same distribution but faster: eight walkers an image and masks from a hash.</summary>
    Fast,
}
