using System.Buffers.Binary;

namespace OneFractal.Data.Readers;

/// <summary>
/// Looks at the structure of an image file before it is decoded: OpenCV returns the part it could read of a file that was cut short,
/// the rest grey, and says nothing.
/// </summary>
internal static class ImageFileFormat
{
    private const string CutShort = "it is cut short";
    private static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>What is wrong with the file, or null when it looks whole.</summary>
    public static string? FindProblem(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty)
        {
            return "it is empty (0 bytes)";
        }

        if (file.StartsWith(PngSignature))
        {
            return FindPngProblem(file);
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return FindJpegProblem(file);
        }

        if (file.StartsWith("BM"u8))
        {
            return file.Length < 26 || BinaryPrimitives.ReadUInt32LittleEndian(file[2..]) > file.Length ? CutShort : null;
        }

        if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..12].SequenceEqual("WEBP"u8))
        {
            return BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) + 8L > file.Length ? CutShort : null;
        }

        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8))
        {
            return null;
        }

        return "it is not a JPEG, PNG, BMP, TIFF or WebP image";
    }

    private static string? FindPngProblem(ReadOnlySpan<byte> file)
    {
        var at = PngSignature.Length;
        while (at + 12 <= file.Length)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            var next = at + 12L + length;
            if (next > file.Length)
            {
                return CutShort;
            }

            if (file.Slice(at + 4, 4).SequenceEqual("IEND"u8))
            {
                return null;
            }

            at = (int)next;
        }

        return CutShort;
    }

    private static string? FindJpegProblem(ReadOnlySpan<byte> file)
    {
        const byte StartOfScan = 0xDA;
        const byte EndOfImage = 0xD9;
        var at = 2;
        while (at + 1 < file.Length)
        {
            // Between segments any run of FF may stand before the marker; inside a scan FF 00 and FF D0..D7 belong to the data.
            var marker = file[at + 1];
            if (file[at] != 0xFF || marker is 0x00 or 0xFF or (>= 0xD0 and <= 0xD7))
            {
                at += marker == 0xFF ? 1 : 2;
                var skip = at < file.Length ? file[at..].IndexOf((byte)0xFF) : -1;
                if (skip < 0)
                {
                    return CutShort;
                }

                at += skip;
                continue;
            }

            if (marker == EndOfImage)
            {
                return null;
            }

            if (at + 4 > file.Length)
            {
                return CutShort;
            }

            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (marker == StartOfScan)
            {
                var skip = at < file.Length ? file[at..].IndexOf((byte)0xFF) : -1;
                if (skip < 0)
                {
                    return CutShort;
                }

                at += skip;
            }
        }

        return CutShort;
    }
}
