using System.Collections.Immutable;
using OneFractal.Common;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OpenCvSharp;

namespace OneFractal.Data.Synthesis;

/// <summary>Distorted copies of one real image, one a class ("Scaling Backwards", section on real images). Thread-safe.</summary>
public sealed class RealImageSet : ISyntheticSource
{
    private const ulong ImageStream = 0x8EA1;
    private const double CannyLow = 100;
    private const double CannyHigh = 200;

    private readonly byte[] _base;

    private RealImageSet(RealImageSetSettings settings, Mat prepared)
    {
        Settings = settings;
        Channels = prepared.Channels();
        _base = prepared.AsSpan<byte>().ToArray();
        Cv2.ImEncode(".png", prepared, out var png);
        BaseImage = [.. png];
    }

    /// <summary>Everything the set is made from but the image.</summary>
    public RealImageSetSettings Settings { get; }

    /// <summary>The undistorted image, cropped, resized and reduced to what the mode takes, as PNG (its channels in R, G, B order).</summary>
    internal ImmutableArray<byte> BaseImage { get; }

    /// <inheritdoc />
    public int ClassCount => Settings.Classes;

    /// <inheritdoc />
    public int ImagesPerClass => 1;

    /// <inheritdoc />
    public int Size => Settings.Size;

    /// <inheritdoc />
    public int Channels { get; }

    /// <inheritdoc />
    public IReadOnlyList<string> ParameterNames => Distortion.ParameterNames(Settings.Distortion);

    /// <summary>The set of the image in file <paramref name="path"/>, whose centre square is used.</summary>
    /// <exception cref="UsageException">A setting is out of range, or the image shows nothing in this mode.</exception>
    /// <exception cref="BadImageException">The file cannot be decoded.</exception>
    public static RealImageSet Create(RealImageSetSettings settings, string path)
    {
        settings.Validate();
        using var image = ImageDecoder.Load(path);
        using var prepared = Prepare(image, settings);
        using var grey = prepared.Channels() == 3 ? prepared.CvtColor(ColorConversionCodes.RGB2GRAY) : prepared.Clone();
        Cv2.MinMaxLoc(grey, out double darkest, out double brightest);
        if (darkest == brightest)
        {
            throw new UsageException($"Image '{path}' shows nothing in mode {settings.Mode}, so its distortions cannot be told apart: choose another image or --mode.");
        }

        return new RealImageSet(settings, prepared);
    }

    /// <summary>The set of an image that was prepared before.</summary>
    internal static RealImageSet FromPrepared(RealImageSetSettings settings, byte[] png, string name)
    {
        settings.Validate();
        using var prepared = ImageDecoder.Decode(png, name);
        if (prepared.Channels() == 3)
        {
            // It was stored in our order, which the decoder took for OpenCV's.
            Cv2.CvtColor(prepared, prepared, ColorConversionCodes.RGB2BGR);
        }

        if (prepared.Rows != settings.Size || prepared.Cols != settings.Size)
        {
            throw new DataException($"'{name}' stores an image of {prepared.Cols}×{prepared.Rows} pixels for a set of size {settings.Size}.");
        }

        return new RealImageSet(settings, prepared);
    }

    /// <inheritdoc />
    public double[] Render(int index, Span<byte> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, ClassCount);
        var random = new RandomStream(Settings.Seed, ImageStream, (ulong)index);
        using var source = Mat.FromPixelData(Size, Size, MatType.CV_8UC(Channels), _base);
        using var target = new Mat();
        using var x = new Mat(Size, Size, MatType.CV_32FC1);
        using var y = new Mat(Size, Size, MatType.CV_32FC1);
        var parameters = Distortion.FillMaps(Settings.Distortion, Settings.Delta, random, x, y);
        // Edges continue as black; a picture continues mirrored, so that no black corner gives its class away.
        var border = Settings.Mode == RealImageMode.Canny ? BorderTypes.Constant : BorderTypes.Reflect101;
        Cv2.Remap(source, target, x, y, InterpolationFlags.Linear, border, Scalar.Black);
        target.AsSpan<byte>().CopyTo(pixels);
        return parameters;
    }

    private static Mat Prepare(Mat image, RealImageSetSettings settings)
    {
        var side = Math.Min(image.Rows, image.Cols);
        using var square = new Mat(image, new Rect((image.Cols - side) / 2, (image.Rows - side) / 2, side, side));
        using var resized = new Mat();
        Resampling.Resize(square, resized, new Size(settings.Size, settings.Size), Interpolation.Bilinear);
        if (settings.Mode == RealImageMode.Rgb)
        {
            return resized.Channels() == 3 ? resized.Clone() : resized.CvtColor(ColorConversionCodes.GRAY2RGB);
        }

        var grey = resized.Channels() == 3 ? resized.CvtColor(ColorConversionCodes.RGB2GRAY) : resized.Clone();
        if (settings.Mode == RealImageMode.Canny)
        {
            using var smooth = grey;
            return smooth.Canny(CannyLow, CannyHigh);
        }

        return grey;
    }
}
