namespace OneFractal.Training;

/// <summary>One size of <see cref="ResNet"/>.</summary>
/// <param name="Name">The name it is created by.</param>
/// <param name="Architecture">timm's name, or timm's naming where timm has no such size.</param>
/// <param name="ImageSize">Input height and width in pixels.</param>
/// <param name="StemWidth">Channels after the first convolution; each stage has twice the last one's.</param>
/// <param name="Blocks">Blocks in each stage.</param>
/// <param name="Bottleneck">Whether blocks have three convolutions, the middle one narrow.</param>
/// <param name="SmallStem">Whether the stem keeps the size of the image.</param>
internal sealed record ResNetVariant(string Name, string Architecture, int ImageSize, int StemWidth, int[] Blocks, bool Bottleneck, bool SmallStem);
