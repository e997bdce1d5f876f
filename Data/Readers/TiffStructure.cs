using System.Buffers.Binary;

namespace OneFractal.Data.Readers;

/// <summary>The first directory of a TIFF file.</summary>
internal static class TiffStructure
{
    private const string CutShort = "it is cut short";
    private const int EntryLength = 12;
    private const ushort ImageWidth = 256;
    private const ushort ImageLength = 257;
    private const ushort StripOffsets = 273;
    private const ushort StripByteCounts = 279;
    private const ushort TileOffsets = 324;
    private const ushort TileByteCounts = 325;

    /// <summary>Checks that the directory and the pixel data it points to lie within the file.</summary>
    public static (string? Problem, long Width, long Height) Read(ReadOnlySpan<byte> file)
    {
        var reader = new EndianReader(file, littleEndian: file[0] == (byte)'I');
        if (reader.UInt32(4) is not { } directory || reader.UInt16(directory) is not { } entries)
        {
            return (CutShort, 0, 0);
        }

        long width = 0, height = 0;
        long[] offsets = [], counts = [];
        for (var i = 0; i < entries; i++)
        {
            var entry = directory + 2 + i * EntryLength;
            if (reader.UInt16(entry) is not { } tag || reader.Values(entry) is not { } values)
            {
                return (CutShort, width, height);
            }

            switch (tag)
            {
                case ImageWidth:
                    width = values[0];
                    break;
                case ImageLength:
                    height = values[0];
                    break;
                case StripOffsets or TileOffsets:
                    offsets = values;
                    break;
                case StripByteCounts or TileByteCounts:
                    counts = values;
                    break;
            }
        }

        var length = file.Length;
        return (offsets.Zip(counts, (offset, count) => offset + count).Any(end => end > length) ? CutShort : null, width, height);
    }

    /// <summary>Numbers at places in the file; null where the file does not reach.</summary>
    private readonly ref struct EndianReader(ReadOnlySpan<byte> file, bool littleEndian)
    {
        private const int Short = 3;
        private const int Long = 4;
        private readonly ReadOnlySpan<byte> _file = file;

        public ushort? UInt16(long at)
        {
            if (at + 2 > _file.Length)
            {
                return null;
            }

            var bytes = _file[(int)at..];
            return littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        public uint? UInt32(long at)
        {
            if (at + 4 > _file.Length)
            {
                return null;
            }

            var bytes = _file[(int)at..];
            return littleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
        }

        /// <summary>The values of a directory entry of whole numbers; [0] for other types.</summary>
        public long[]? Values(long entry)
        {
            if (UInt16(entry + 2) is not { } type || UInt32(entry + 4) is not { } count)
            {
                return null;
            }

            if (type is not (Short or Long) || count == 0)
            {
                return [0];
            }

            var size = type == Short ? 2 : 4;
            // Values that fit into four bytes stand in the entry itself.
            if (count * (long)size > 4 && UInt32(entry + 8) is null)
            {
                return null;
            }

            var at = count * (long)size <= 4 ? entry + 8 : UInt32(entry + 8)!.Value;
            if (at + count * (long)size > _file.Length)
            {
                return null;
            }

            var values = new long[count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = type == Short ? UInt16(at + 2L * i)!.Value : UInt32(at + 4L * i)!.Value;
            }

            return values;
        }
    }
}
