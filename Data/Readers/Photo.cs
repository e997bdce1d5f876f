using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Readers;

/// <summary>A decoded image as models take it that preprocess by themselves: of its own size, with three channels.</summary>
/// <param name="Pixels">Height × width × 3 bytes, in R, G, B order.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Width">Width in pixels.</param>
public sealed record Photo(byte[] Pixels, int Height, int Width)
{
    /// <summary>The photo of an image, of 8 bits a channel and 3 channels or 1 (grey).</summary>
    /// <param name="image">The image; it is not changed.</param>
    /// <param name="order">The order of its channels.</param>
    public static Photo From(Mat image, ChannelOrder order = ChannelOrder.Rgb)
    {
        var pixels = new byte[checked(image.Rows * image.Cols * 3)];
        using var colour = Mat.FromPixelData(image.Rows, image.Cols, MatType.CV_8UC3, pixels);
        if (image.Channels() == 1)
        {
            Cv2.CvtColor(image, colour, ColorConversionCodes.GRAY2RGB);
        }
        else if (order == ChannelOrder.Bgr)
        {
            Cv2.CvtColor(image, colour, ColorConversionCodes.BGR2RGB);
        }
        else
        {
            image.CopyTo(colour);
        }

        return new Photo(pixels, image.Rows, image.Cols);
    }
}
