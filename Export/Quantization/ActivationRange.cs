namespace OneFractal.Export;

/// <summary>Between what values an activation lies, as far as it is to be told apart.</summary>
/// <param name="Low">The lowest.</param>
/// <param name="High">The highest.</param>
public readonly record struct ActivationRange(float Low, float High)
{
    /// <summary>Scale and zero point of uint8 that cover the range and hold 0 exactly, as padding needs.</summary>
    internal (float Scale, byte ZeroPoint) ToUint8()
    {
        var (low, high) = (Math.Min(Low, 0), Math.Max(High, 0));
        var scale = (high - low) / byte.MaxValue;
        return scale > 0 && float.IsFinite(scale) ? (scale, (byte)Math.Clamp(MathF.Round(-low / scale), 0, byte.MaxValue)) : (1, 0);
    }
}
