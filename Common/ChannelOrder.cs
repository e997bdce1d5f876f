namespace OneFractal.Common;

/// <summary>The order of the three channels of a colour image.</summary>
public enum ChannelOrder
{
    /// <summary>Red, green, blue: what OneFractal's readers give unless asked for the other.</summary>
    Rgb,

    /// <summary>Blue, green, red: what OpenCV's own <c>ImRead</c> and video capture give.</summary>
    Bgr,
}
