using System.Buffers.Binary;
using System.IO.Compression;

namespace OneFractal.Data.Readers;

/// <summary>The IDX format of MNIST and its kin: unsigned bytes in up to four dimensions, big-endian header, optionally gzipped.</summary>
/// <param name="Dimensions">Size of each dimension, outermost first.</param>
/// <param name="Data">The elements, last dimension fastest.</param>
internal sealed record IdxFile(int[] Dimensions, byte[] Data)
{
    private const byte UnsignedByte = 0x08;
    private const int LargestSize = 1 << 30;

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="DataException">Missing, not IDX, or cut short.</exception>
    public static IdxFile Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var gzipped = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            using var content = gzipped ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            return Read(content, path);
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw new DataException($"IDX file '{path}' is cut short or damaged: fetch it again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"Cannot read IDX file '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static IdxFile Read(Stream content, string path)
    {
        Span<byte> header = stackalloc byte[4];
        content.ReadExactly(header);
        if (header[0] != 0 || header[1] != 0 || header[2] != UnsignedByte || header[3] is 0 or > 4)
        {
            throw new DataException($"'{path}' is not an IDX file of unsigned bytes: its first bytes are {Convert.ToHexString(header)}.");
        }

        var dimensions = new int[header[3]];
        var total = 1L;
        for (var i = 0; i < dimensions.Length; i++)
        {
            content.ReadExactly(header);
            dimensions[i] = BinaryPrimitives.ReadInt32BigEndian(header);
            total = dimensions[i] < 0 ? long.MaxValue : Math.Min(total * dimensions[i], 1L << 40);
        }

        if (total > LargestSize)
        {
            throw new DataException($"IDX file '{path}' declares {string.Join('×', dimensions)} elements, more than {LargestSize}: it is damaged.");
        }

        var data = new byte[total];
        content.ReadExactly(data);
        return new IdxFile(dimensions, data);
    }
}
