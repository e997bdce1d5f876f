namespace OneFractal.Training;

/// <summary>One size of <see cref="VisionTransformer"/>.</summary>
/// <param name="Name">The name it is created by.</param>
/// <param name="Architecture">timm's name, or timm's naming where timm has no such size.</param>
/// <param name="ImageSize">Input height and width in pixels.</param>
/// <param name="PatchSize">Height and width of a patch in pixels.</param>
/// <param name="Width">Length of a token.</param>
/// <param name="Depth">Number of blocks.</param>
/// <param name="Heads">Attention heads.</param>
internal sealed record VisionTransformerVariant(
    string Name, string Architecture, int ImageSize, int PatchSize, int Width, int Depth, int Heads);
