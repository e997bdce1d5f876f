using System.Buffers.Binary;
using System.IO.Compression;
using OneFractal.Data;
using OneFractal.Data.Readers;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

/// <summary>The kinds of image files that people have.</summary>
[TestClass]
public sealed class ImageVarietyTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(6)]
    [DataRow(8)]
    public void Exif_orientation_is_applied(int orientation)
    {
        // Twice as wide as high with one bright corner, top left.
        using var image = new Mat(32, 64, MatType.CV_8UC3, Scalar.Black);
        image[new Rect(0, 0, 16, 16)].SetTo(Scalar.White);
        Cv2.ImEncode(".jpg", image, out var jpeg);
        using var loaded = ImageDecoder.Decode(WithOrientation(jpeg, (ushort)orientation), "photo.jpg");
        Assert.AreEqual(orientation is 6 or 8 ? (64, 32) : (32, 64), (loaded.Rows, loaded.Cols));
        using var grey = loaded.CvtColor(ColorConversionCodes.RGB2GRAY);
        // Where the bright corner is now, in squares of 16 pixels.
        var pixels = grey.AsSpan<byte>();
        var (row, column) = (0, 0);
        for (var i = 0; i < pixels.Length; i++)
        {
            if (pixels[i] > 250)
            {
                (row, column) = (i / grey.Cols / 16, i % grey.Cols / 16);
                break;
            }
        }

        var last = (grey.Rows / 16 - 1, grey.Cols / 16 - 1);
        var expected = orientation switch { 6 => (0, last.Item2), 3 => last, 8 => (last.Item1, 0), _ => (0, 0) };
        Assert.AreEqual(expected, (row, column));
    }

    [TestMethod]
    public void Sixteen_bits_are_scaled_to_eight()
    {
        using var image = new Mat(2, 2, MatType.CV_16UC3, new Scalar(0x1234, 0x8000, 0xFFFF));
        Cv2.ImEncode(".png", image, out var png);
        using var loaded = ImageDecoder.Decode(png, "deep.png");
        Assert.AreEqual(MatType.CV_8UC3, loaded.Type());
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0x80, 0x12 }, loaded.AsSpan<byte>()[..3].ToArray());
        using var grey = new Mat(2, 2, MatType.CV_16UC1, new Scalar(0x4321));
        Cv2.ImEncode(".tif", grey, out var tiff);
        using var loadedGrey = ImageDecoder.Decode(tiff, "deep.tif");
        Assert.AreEqual(MatType.CV_8UC1, loadedGrey.Type());
        Assert.AreEqual(0x43, loadedGrey.AsSpan<byte>()[0], 1);
    }

    [TestMethod]
    public void Alpha_is_dropped()
    {
        using var image = new Mat(2, 2, MatType.CV_8UC4, new Scalar(10, 20, 30, 0));
        Cv2.ImEncode(".png", image, out var png);
        using var loaded = ImageDecoder.Decode(png, "clear.png");
        Assert.AreEqual(MatType.CV_8UC3, loaded.Type());
        CollectionAssert.AreEqual(new byte[] { 30, 20, 10 }, loaded.AsSpan<byte>()[..3].ToArray());
    }

    [TestMethod]
    public void Palettes_and_grey_with_alpha_are_read()
    {
        using var palette = ImageDecoder.Decode(Png(2, 1, colourType: 3, [0, 1, 0], [9, 8, 7, 200, 100, 50]), "palette.png");
        Assert.AreEqual(MatType.CV_8UC3, palette.Type());
        CollectionAssert.AreEqual(new byte[] { 200, 100, 50, 9, 8, 7 }, palette.AsSpan<byte>().ToArray());
        using var greyAlpha = ImageDecoder.Decode(Png(2, 1, colourType: 4, [0, 70, 255, 140, 0]), "grey-alpha.png");
        Assert.IsTrue(greyAlpha.Channels() is 1 or 3);
        Assert.AreEqual(70, greyAlpha.AsSpan<byte>()[0]);
        Assert.AreEqual(140, greyAlpha.AsSpan<byte>()[^1]);
    }

    [TestMethod]
    [DataRow("png")]
    [DataRow("jpg")]
    [DataRow("bmp")]
    [DataRow("tif")]
    public void A_decompression_bomb_is_refused_by_its_declared_size(string format)
    {
        using var image = new Mat(3, 3, MatType.CV_8UC3, Scalar.White);
        Cv2.ImEncode("." + format, image, out var bytes);
        switch (format)
        {
            case "png":
                bytes = Png(60_000, 60_000, colourType: 0, [0, 1, 2]);
                break;
            case "jpg":
                var frame = bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(frame + 5), 60_000);
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(frame + 7), 60_000);
                break;
            case "bmp":
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(18), 60_000);
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(22), -60_000);
                break;
            default:
                SetTiffSide(bytes, 256, 60_000);
                SetTiffSide(bytes, 257, 60_000);
                break;
        }

        var error = Assert.ThrowsExactly<BadImageException>(() => ImageDecoder.Decode(bytes, "bomb." + format).Dispose());
        StringAssert.Contains(error.Message, "60000×60000");
    }

    [TestMethod]
    public void A_tiff_whose_directory_comes_first_is_refused_when_its_data_is_cut()
    {
        // A 4×4 grey image, little-endian: header, directory, then 16 bytes of pixels at offset 122.
        var tiff = new byte[138];
        "II*\0"u8.CopyTo(tiff);
        tiff[4] = 8;
        (ushort Tag, ushort Type, uint Value)[] entries =
            [(256, 3, 4), (257, 3, 4), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 122), (277, 3, 1), (278, 3, 4), (279, 4, 16)];
        tiff[8] = (byte)entries.Length;
        foreach (var (i, (tag, type, value)) in entries.Index())
        {
            var entry = tiff.AsSpan(10 + 12 * i);
            BinaryPrimitives.WriteUInt16LittleEndian(entry, tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], type);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], 1);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], value);
        }

        tiff[122] = 99;
        using (var whole = ImageDecoder.Decode(tiff, "whole.tif"))
        {
            Assert.AreEqual((4, 4, 99), (whole.Rows, whole.Cols, whole.AsSpan<byte>()[0]));
        }

        StringAssert.Contains(Assert.ThrowsExactly<BadImageException>(() => ImageDecoder.Decode(tiff[..130], "cut.tif").Dispose()).Message, "cut short");
    }

    [TestMethod]
    public void Folders_of_every_kind_are_listed()
    {
        using var folder = new TempFolder();
        using var image = TestImages.Gradient(8, 8);
        TestImages.Write(folder["set", "Ägypten 2024", "ein Bild.png"], image);
        TestImages.Write(folder["set", "Ägypten 2024", "tief", "unten", "日本.jpg"], image);
        File.Copy(folder["set", "Ägypten 2024", "ein Bild.png"], folder["set", "Ägypten 2024", "LAUT.PNG"]);
        TestImages.Write(folder["set", "b", ".hidden.png"], image);
        TestImages.Write(folder["set", ".git", "x.png"], image);
        File.WriteAllText(folder["set", "b", "notes.txt"], "no image");
        TestImages.Write(folder["elsewhere", "linked.bmp"], image);
        File.CreateSymbolicLink(folder["set", "b", "link.bmp"], folder["elsewhere", "linked.bmp"]);
        Directory.CreateSymbolicLink(folder["set", "b", "loop"], folder["set", "b"]);
        using var dataset = new ImageFolderDataset(folder["set"]);
        CollectionAssert.AreEqual(new[] { "b", "Ägypten 2024" }, dataset.ClassNames.ToArray());
        Assert.AreEqual(4, dataset.Count);
        for (var i = 0; i < dataset.Count; i++)
        {
            dataset.Load(i).Dispose();
        }
    }

    [TestMethod]
    public void Bad_images_can_be_skipped_and_are_listed()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["set"], 2, 4);
        File.WriteAllText(folder["set", "a", "002.png"], "not an image");
        File.WriteAllBytes(folder["set", "b", "000.png"], []);
        var (good, skipped) = BadImages.Skip(new ImageFolderDataset(folder["set"]), folder["bad.csv"]);
        using (good)
        {
            Assert.AreEqual((2, 6), (skipped, good.Count));
            var lines = File.ReadAllLines(folder["bad.csv"]);
            Assert.HasCount(3, lines);
            StringAssert.Contains(lines[1], "002.png");
            StringAssert.Contains(lines[2], "empty");
        }

        foreach (var path in Directory.GetFiles(folder["set", "b"]))
        {
            File.WriteAllBytes(path, []);
        }

        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => BadImages.Skip(new ImageFolderDataset(folder["set"]), folder["bad.csv"])).Message, "'b'");
    }

    private static byte[] WithOrientation(byte[] jpeg, ushort orientation)
    {
        // APP1 with a TIFF header and one directory entry: tag 0x0112, SHORT, one value.
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    private static byte[] Png(int width, int height, byte colourType, byte[] rows, byte[]? palette = null)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] header = [0, 0, 0, 0, 0, 0, 0, 0, 8, colourType, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        Chunk("IHDR"u8, header);
        if (palette is not null)
        {
            Chunk("PLTE"u8, palette);
        }

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        Chunk("IDAT"u8, packed.ToArray());
        Chunk("IEND"u8, []);
        return file.ToArray();

        void Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
        {
            byte[] body = [.. type, .. data];
            Span<byte> number = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
            file.Write(number);
            file.Write(body);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
            file.Write(number);
        }
    }

    private static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
            }
        }

        return ~crc;
    }

    private static void SetTiffSide(byte[] tiff, ushort tag, uint value)
    {
        var directory = BinaryPrimitives.ReadInt32LittleEndian(tiff.AsSpan(4));
        for (var entry = directory + 2; ; entry += 12)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(tiff.AsSpan(entry)) == tag)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(entry + 2), 4);
                BinaryPrimitives.WriteUInt32LittleEndian(tiff.AsSpan(entry + 8), value);
                return;
            }
        }
    }
}
