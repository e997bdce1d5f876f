namespace OneFractal.Export;

/// <summary>What a deployed model gives of an image.</summary>
public enum ModelOutput
{
    /// <summary>What the model ends in: class scores, or the features of one without a head.</summary>
    AsTrained,

    /// <summary>The class scores' softmax.</summary>
    Probabilities,

    /// <summary>One vector.</summary>
    Features,

    /// <summary>All tokens [batch, tokens, width], or the map [batch, channels, height, width], that the features are made of.</summary>
    Tokens,

    /// <summary>What each stage, or each block of a network without stages, gives.</summary>
    Stages,
}
