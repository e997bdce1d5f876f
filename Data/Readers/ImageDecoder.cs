using System.Buffers;
using Microsoft.Win32.SafeHandles;
using OneFractal.Common;
using OpenCvSharp;

namespace OneFractal.Data.Readers;

/// <summary>Decodes image files with OpenCV, which needs help with files that are cut short: it returns what it could read.</summary>
public static class ImageDecoder
{
    static ImageDecoder()
    {
        // OpenCV would print lines of its own about a damaged file, beside the one that we report.
        Cv2.SetLogLevel(LogLevel.SILENT);
    }

    /// <summary>File name suffixes, lower case, that are taken for images.</summary>
    public static IReadOnlyList<string> Suffixes { get; } = [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"];

    /// <summary>True when the suffix of <paramref name="path"/>, in any case, is that of an image.</summary>
    public static bool HasImageSuffix(string path) => Suffixes.Contains(Path.GetExtension(path).ToLowerInvariant());

    /// <summary>
    /// Decodes a file to 8 bits a channel: R, G, B, or 1 channel when the file is grey. EXIF orientation is applied, 16-bit values
    /// are scaled down, an alpha channel is dropped (as PIL's <c>convert("RGB")</c> does). The caller disposes the result.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="order">The order of the channels; blue first is what OpenCV decodes to, and spares a pass over the pixels.</param>
    /// <exception cref="BadImageException">Missing, empty, not an image, or cut short.</exception>
    public static Mat Load(string path, ChannelOrder order = ChannelOrder.Rgb)
    {
        byte[]? buffer = null;
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            if (length > Array.MaxLength)
            {
                throw new BadImageException(path, "it is larger than 2 GB");
            }

            // Rented: files are large objects, which would keep the garbage collector busy.
            buffer = ArrayPool<byte>.Shared.Rent((int)length);
            return Decode(buffer.AsSpan(0, Read(file, buffer.AsSpan(0, (int)length))), path, order);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new BadImageException(path, e is FileNotFoundException or DirectoryNotFoundException ? "the file does not exist" : e.Message.TrimEnd('.'));
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>Decodes the bytes of an image file; <paramref name="name"/> is what errors call it.</summary>
    /// <inheritdoc cref="Load" path="/exception" />
    public static Mat Decode(ReadOnlySpan<byte> bytes, string name, ChannelOrder order = ChannelOrder.Rgb)
    {
        if (ImageFileFormat.FindProblem(bytes) is { } problem)
        {
            throw new BadImageException(name, problem);
        }

        Mat image;
        try
        {
            image = Cv2.ImDecode(bytes, ImreadModes.AnyColor);
        }
        catch (OpenCVException)
        {
            throw new BadImageException(name, "it is damaged");
        }

        if (image.Empty())
        {
            image.Dispose();
            throw new BadImageException(name, "it is damaged");
        }

        if (image.Channels() == 3 && order == ChannelOrder.Rgb)
        {
            Cv2.CvtColor(image, image, ColorConversionCodes.BGR2RGB);
        }

        return image;
    }

    /// <summary>Fills <paramref name="bytes"/> as far as the file goes.</summary>
    private static int Read(SafeFileHandle file, Span<byte> bytes)
    {
        var done = 0;
        while (done < bytes.Length && RandomAccess.Read(file, bytes[done..], done) is > 0 and var read)
        {
            done += read;
        }

        return done;
    }
}
