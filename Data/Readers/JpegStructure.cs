using System.Buffers.Binary;

namespace OneFractal.Data.Readers;

/// <summary>The segments of a JPEG file.</summary>
internal static class JpegStructure
{
    private const string CutShort = "it is cut short";
    private const byte StartOfScan = 0xDA;
    private const byte EndOfImage = 0xD9;

    /// <summary>Follows the segments to the end of the image; a file that ends before it is cut short.</summary>
    public static (string? Problem, long Width, long Height) Read(ReadOnlySpan<byte> file)
    {
        long width = 0, height = 0;
        var at = 2;
        while (at + 1 < file.Length)
        {
            // Between segments any run of FF may stand before the marker; inside a scan FF 00 and FF D0..D7 belong to the data.
            var marker = file[at + 1];
            if (file[at] != 0xFF || marker is 0x00 or 0xFF or (>= 0xD0 and <= 0xD7))
            {
                at += marker == 0xFF ? 1 : 2;
                if (!SkipToMarker(file, ref at))
                {
                    break;
                }

                continue;
            }

            if (marker == EndOfImage)
            {
                return (null, width, height);
            }

            if (at + 9 > file.Length)
            {
                break;
            }

            if (IsFrame(marker))
            {
                height = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 5)..]);
                width = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 7)..]);
            }

            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (marker == StartOfScan && !SkipToMarker(file, ref at))
            {
                break;
            }
        }

        return (CutShort, width, height);
    }

    /// <summary>SOF0 to SOF15 without the tables that share their range (DHT, JPG, DAC).</summary>
    private static bool IsFrame(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    private static bool SkipToMarker(ReadOnlySpan<byte> file, ref int at)
    {
        var skip = at < file.Length ? file[at..].IndexOf((byte)0xFF) : -1;
        at += Math.Max(skip, 0);
        return skip >= 0;
    }
}
