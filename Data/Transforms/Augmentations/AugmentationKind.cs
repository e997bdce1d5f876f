namespace OneFractal.Data.Transforms.Augmentations;

/// <summary>The operations of timm's RandAugment. "Increasing" ones change the image more as the magnitude grows; the plain ones of the same name do not.</summary>
public enum AugmentationKind
{
    /// <summary>Stretches each channel to 0..255.</summary>
    AutoContrast,

    /// <summary>Evens out each channel's histogram.</summary>
    Equalize,

    /// <summary>255 minus each value.</summary>
    Invert,

    /// <summary>Turns about the centre, up to 30 degrees either way.</summary>
    Rotate,

    /// <summary>Keeps the highest 0 to 4 bits: the larger the magnitude, the more.</summary>
    Posterize,

    /// <summary>Keeps the highest 4 to 0 bits.</summary>
    PosterizeIncreasing,

    /// <summary>Inverts the values from a threshold on that grows from 0 to 256.</summary>
    Solarize,

    /// <summary>Inverts the values from a threshold on that falls from 256 to 0.</summary>
    SolarizeIncreasing,

    /// <summary>Adds 0 to 110 to the values below 128.</summary>
    SolarizeAdd,

    /// <summary>Saturation times 0.1 to 1.9.</summary>
    Color,

    /// <summary>Saturation times 1 ± up to 0.9.</summary>
    ColorIncreasing,

    /// <summary>Contrast times 0.1 to 1.9.</summary>
    Contrast,

    /// <summary>Contrast times 1 ± up to 0.9.</summary>
    ContrastIncreasing,

    /// <summary>Brightness times 0.1 to 1.9.</summary>
    Brightness,

    /// <summary>Brightness times 1 ± up to 0.9.</summary>
    BrightnessIncreasing,

    /// <summary>Sharpness times 0.1 to 1.9.</summary>
    Sharpness,

    /// <summary>Sharpness times 1 ± up to 0.9.</summary>
    SharpnessIncreasing,

    /// <summary>Shears along x by up to 0.3 either way.</summary>
    ShearX,

    /// <summary>Shears along y by up to 0.3 either way.</summary>
    ShearY,

    /// <summary>Shifts along x by up to 0.45 of the width either way.</summary>
    TranslateX,

    /// <summary>Shifts along y by up to 0.45 of the height either way.</summary>
    TranslateY,
}
