namespace OneFractal.Training;

/// <summary>Which parameters decay: timm's rule.</summary>
internal static class WeightDecay
{
    private static readonly string[] Undecayed = ["pos_embed", "cls_token", "relative_position_bias_table"];

    /// <summary>Matrices and kernels decay; vectors (norms, biases), position embeddings, relative ones too, and the class token do not.</summary>
    public static bool Applies(string name, int rank)
    {
        return rank > 1 && !Undecayed.Any(u => name.EndsWith(u, StringComparison.Ordinal));
    }
}
