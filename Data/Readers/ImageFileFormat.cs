using System.Buffers.Binary;

namespace OneFractal.Data.Readers;

/// <summary>
/// Looks at the structure of an image file before it is decoded: OpenCV returns the part it could read of a file that was cut short,
/// the rest grey, and says nothing; and a small file may declare a size that takes all memory.
/// </summary>
internal static class ImageFileFormat
{
    /// <summary>Most pixels that an image may declare.</summary>
    public const long MaximumPixels = 100_000_000;

    private const string CutShort = "it is cut short";
    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>What is wrong with the file, or null when it looks whole.</summary>
    public static string? FindProblem(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty)
        {
            return "it is empty (0 bytes)";
        }

        (string? Problem, long Width, long Height) found;
        if (file.StartsWith(PngSignature))
        {
            found = ReadPng(file);
        }
        else if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            found = JpegStructure.Read(file);
        }
        else if (file.StartsWith("BM"u8))
        {
            found = ReadBmp(file);
        }
        else if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..12].SequenceEqual("WEBP"u8))
        {
            found = ReadWebp(file);
        }
        else if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8))
        {
            found = TiffStructure.Read(file);
        }
        else
        {
            return "it is not a JPEG, PNG, BMP, TIFF or WebP image";
        }

        if (found.Problem is null && found.Width * found.Height > MaximumPixels)
        {
            return $"it declares {found.Width}×{found.Height} pixels, more than the {MaximumPixels / 1_000_000} million allowed";
        }

        return found.Problem;
    }

    private static (string? Problem, long Width, long Height) ReadPng(ReadOnlySpan<byte> file)
    {
        if (file.Length < 33)
        {
            return (CutShort, 0, 0);
        }

        // The header chunk always comes first.
        var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(file[16..]), BinaryPrimitives.ReadUInt32BigEndian(file[20..]));
        var at = PngSignature.Length;
        while (at + 12 <= file.Length)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            var next = at + 12L + length;
            if (next > file.Length)
            {
                return (CutShort, width, height);
            }

            if (file.Slice(at + 4, 4).SequenceEqual("IEND"u8))
            {
                return (null, width, height);
            }

            at = (int)next;
        }

        return (CutShort, width, height);
    }

    private static (string? Problem, long Width, long Height) ReadBmp(ReadOnlySpan<byte> file)
    {
        if (file.Length < 26 || BinaryPrimitives.ReadUInt32LittleEndian(file[2..]) > file.Length)
        {
            return (CutShort, 0, 0);
        }

        // A negative height means rows from the top.
        return (null, Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(file[18..])), Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(file[22..])));
    }

    private static (string? Problem, long Width, long Height) ReadWebp(ReadOnlySpan<byte> file)
    {
        if (file.Length < 30 || BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) + 8L > file.Length)
        {
            return (CutShort, 0, 0);
        }

        // No side of a WebP image can be longer than 16,383 pixels, but a canvas (VP8X) can declare 2^24.
        return file[12..16].SequenceEqual("VP8X"u8)
            ? (null, 1 + (BinaryPrimitives.ReadUInt32LittleEndian(file[24..]) & 0xFFFFFF), 1 + (BinaryPrimitives.ReadUInt32LittleEndian(file[26..]) >> 8))
            : (null, 0, 0);
    }
}
