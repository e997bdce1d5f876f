namespace OneFractal.Training;

/// <summary>Which parameters decay: timm's rule.</summary>
internal static class WeightDecay
{
    /// <summary>Matrices and kernels decay; vectors (norms, biases), the position embedding and the class token do not.</summary>
    public static bool Applies(string name, int rank)
    {
        return rank > 1 && !name.EndsWith("pos_embed", StringComparison.Ordinal) && !name.EndsWith("cls_token", StringComparison.Ordinal);
    }
}
