namespace OneFractal.Training;

/// <summary>One size of <see cref="SwinTransformer"/>; the arrays hold a value a stage.</summary>
/// <param name="Name">The name it is created by.</param>
/// <param name="Architecture">timm's name.</param>
/// <param name="ImageSize">Input height and width in pixels.</param>
/// <param name="PatchSize">Height and width of a patch in pixels.</param>
/// <param name="Window">Height and width of an attention window in tokens.</param>
/// <param name="Width">Length of a token in the first stage; each stage has twice the last one's.</param>
/// <param name="Depths">Number of blocks.</param>
/// <param name="Heads">Attention heads.</param>
internal sealed record SwinTransformerVariant(
    string Name, string Architecture, int ImageSize, int PatchSize, int Window, int Width, int[] Depths, int[] Heads)
{
    /// <summary>The image's sides are multiples of this: whole windows in every stage.</summary>
    public int SizeStep => (PatchSize * Window) << (Depths.Length - 1);
}
