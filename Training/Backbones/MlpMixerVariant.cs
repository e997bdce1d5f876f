namespace OneFractal.Training;

/// <summary>One size of <see cref="MlpMixer"/>.</summary>
/// <param name="Name">The name it is created by.</param>
/// <param name="Architecture">timm's name.</param>
/// <param name="ImageSize">Input height and width in pixels.</param>
/// <param name="PatchSize">Height and width of a patch in pixels.</param>
/// <param name="Width">Length of a token.</param>
/// <param name="Depth">Number of blocks.</param>
internal sealed record MlpMixerVariant(string Name, string Architecture, int ImageSize, int PatchSize, int Width, int Depth);
