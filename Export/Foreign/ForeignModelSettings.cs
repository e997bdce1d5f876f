namespace OneFractal.Export;

/// <summary>What a model that OneFractal did not write cannot say of itself.</summary>
public sealed record ForeignModelSettings
{
    /// <summary>
    /// Where the head is: the name of the Gemm, MatMul or Conv that computes the class scores, or of the value that holds the features; null to find it.
    /// </summary>
    public string? HeadAt { get; init; }

    /// <summary>Height and width of the images in pixels, which the graph is made for; null for the graph's own, or 224 where it takes any.</summary>
    public int? Size { get; init; }

    /// <summary>The pixel value of full brightness that the model was trained with: 1 or 255.</summary>
    public double PixelMax { get; init; } = 1;

    /// <summary>Mean per channel in R, G, B order, in units of <see cref="PixelMax"/>; null for ImageNet's with pixels up to 1, else 0.</summary>
    public float[]? Mean { get; init; }

    /// <summary>Standard deviation per channel in R, G, B order, in units of <see cref="PixelMax"/>; null for ImageNet's with pixels up to 1, else 1.</summary>
    public float[]? Std { get; init; }

    /// <summary>Whether the model's channels are blue, green, red.</summary>
    public bool Bgr { get; init; }
}
