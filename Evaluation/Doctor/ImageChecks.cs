using OpenCvSharp;

namespace OneFractal.Evaluation;

/// <summary>OpenCV and its image formats.</summary>
internal static class ImageChecks
{
    private const string Hint = "On Debian and Ubuntu: sudo apt-get install libgtk-3-0 libdrm2 libatomic1";
    private const int Size = 32;
    private const double LossyTolerance = 8;

    public static IReadOnlyList<Check> All { get; } =
    [
        new("OpenCV", OpenCv, FindingStatus.Failed, Hint),
        new("Images", Formats, FindingStatus.Failed, Hint),
    ];

    private static Finding OpenCv() => new("OpenCV", FindingStatus.Ok, $"{Cv2.GetVersionString()}, loads");

    private static Finding Formats()
    {
        using var image = new Mat(Size, Size, MatType.CV_8UC3);
        Cv2.Randu(image, Scalar.All(100), Scalar.All(104));
        foreach (var (extension, tolerance) in new[] { (".png", 0.0), (".jpg", LossyTolerance), (".webp", LossyTolerance) })
        {
            Cv2.ImEncode(extension, image, out var file);
            using var decoded = Cv2.ImDecode(file, ImreadModes.Color);
            if (decoded.Size() != image.Size() || Cv2.Norm(image, decoded, NormTypes.INF) > tolerance)
            {
                throw new InvalidOperationException($"An image written as {extension} was not read back the same");
            }
        }

        return new Finding("Images", FindingStatus.Ok, "PNG, JPEG and WebP are written and read back");
    }
}
