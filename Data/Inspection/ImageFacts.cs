using System.Security.Cryptography;
using OpenCvSharp;

namespace OneFractal.Data.Inspection;

/// <summary>What is kept of an image that was looked at.</summary>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
/// <param name="Grey">Whether it has one channel.</param>
/// <param name="Mean">Mean of R, G, B in [0, 1].</param>
/// <param name="Square">Mean of the squares.</param>
/// <param name="Fingerprint">SHA-256 of its size and pixels: equal images have equal ones, whatever files they come from.</param>
internal sealed record ImageFacts(int Width, int Height, bool Grey, double[] Mean, double[] Square, string Fingerprint)
{
    public static ImageFacts Of(Mat image)
    {
        Cv2.MeanStdDev(image, out var mean, out var deviation);
        var grey = image.Channels() == 1;
        var means = Enumerable.Range(0, 3).Select(channel => mean[grey ? 0 : channel] / 255).ToArray();
        var squares = Enumerable.Range(0, 3).Select(channel => Math.Pow(deviation[grey ? 0 : channel] / 255, 2) + means[channel] * means[channel]).ToArray();
        var hash = Convert.ToHexString(SHA256.HashData(image.AsSpan<byte>()));
        return new ImageFacts(image.Cols, image.Rows, grey, means, squares, $"{image.Cols}×{image.Rows} {hash}");
    }
}
