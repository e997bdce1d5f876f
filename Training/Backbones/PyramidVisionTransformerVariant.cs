namespace OneFractal.Training;

/// <summary>One size of <see cref="PyramidVisionTransformer"/>; the arrays hold a value a stage.</summary>
/// <param name="Name">The name it is created by.</param>
/// <param name="Architecture">timm's name.</param>
/// <param name="ImageSize">Input height and width in pixels.</param>
/// <param name="Widths">Length of a token.</param>
/// <param name="Depths">Number of blocks.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="Reductions">By which factor keys and values are coarser than the queries, along each side.</param>
/// <param name="MlpRatios">Width of the hidden layer over that of a token.</param>
internal sealed record PyramidVisionTransformerVariant(
    string Name, string Architecture, int ImageSize, int[] Widths, int[] Depths, int[] Heads, int[] Reductions, int[] MlpRatios);
