namespace OneFractal.Common;

/// <summary>
/// How an image becomes a model's input, in timm's terms. The shorter side is resized to <c>Height / CropFraction</c>, the centre
/// cropped, pixels scaled to [0, 1], then <c>(x − mean) / std</c> per channel in R, G, B order (or grey for one channel).
/// </summary>
/// <param name="Channels">1 (grey) or 3 (R, G, B).</param>
/// <param name="Height">Input height in pixels.</param>
/// <param name="Width">Input width in pixels.</param>
public sealed record Preprocessing(int Channels, int Height, int Width)
{
    /// <summary>Mean per channel, of pixels in [0, 1].</summary>
    public float[] Mean { get; init; } = Enumerable.Repeat(0.5f, Channels).ToArray();

    /// <summary>Standard deviation per channel, of pixels in [0, 1].</summary>
    public float[] Std { get; init; } = Enumerable.Repeat(0.5f, Channels).ToArray();

    /// <summary>How the image is resized.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bilinear;

    /// <summary>Which part of the resized shorter side the centre crop keeps, in (0, 1] (timm's <c>crop_pct</c>).</summary>
    public double CropFraction { get; init; } = 1.0;
}
