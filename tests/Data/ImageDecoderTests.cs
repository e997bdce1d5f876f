using OneFractal.Data;
using OneFractal.Data.Readers;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class ImageDecoderTests
{
    [TestMethod]
    [DataRow("a.png")]
    [DataRow("a.bmp")]
    [DataRow("a.tif")]
    public void Lossless_formats_come_back_in_rgb_order(string name)
    {
        using var folder = new TempFolder();
        using var image = TestImages.Noise(33, 21, 3);
        TestImages.Write(folder[name], image);
        using var loaded = ImageDecoder.Load(folder[name]);
        Assert.AreEqual(MatType.CV_8UC3, loaded.Type());
        CollectionAssert.AreEqual(image.AsSpan<byte>().ToArray(), loaded.AsSpan<byte>().ToArray());
    }

    [TestMethod]
    public void Grey_stays_one_channel()
    {
        using var folder = new TempFolder();
        using var image = TestImages.Noise(9, 5, 1);
        TestImages.Write(folder["a.png"], image);
        using var loaded = ImageDecoder.Load(folder["a.png"]);
        Assert.AreEqual(MatType.CV_8UC1, loaded.Type());
        CollectionAssert.AreEqual(image.AsSpan<byte>().ToArray(), loaded.AsSpan<byte>().ToArray());
    }

    [TestMethod]
    [DataRow(".png")]
    [DataRow(".jpg")]
    [DataRow(".bmp")]
    [DataRow(".webp")]
    [DataRow(".tif")]
    public void A_file_cut_short_anywhere_is_refused_by_name(string suffix)
    {
        using var folder = new TempFolder();
        using var image = TestImages.Noise(64, 48, 3);
        TestImages.Write(folder["whole" + suffix], image);
        var bytes = File.ReadAllBytes(folder["whole" + suffix]);
        foreach (var kept in new[] { 10, bytes.Length / 4, bytes.Length / 2, bytes.Length * 9 / 10, bytes.Length - 4 })
        {
            var path = folder[$"cut{kept}{suffix}"];
            File.WriteAllBytes(path, bytes[..kept]);
            var error = Assert.ThrowsExactly<BadImageException>(() => ImageDecoder.Load(path).Dispose(), $"{suffix} cut to {kept} of {bytes.Length}");
            StringAssert.Contains(error.Message, path);
            Assert.AreEqual(1, error.Message.Split('\n').Length);
        }
    }

    [TestMethod]
    public void A_progressive_jpeg_cut_after_its_first_scan_is_refused()
    {
        using var folder = new TempFolder();
        using var image = TestImages.Noise(64, 48, 3);
        TestImages.Write(folder["p.jpg"], image, new ImageEncodingParam(ImwriteFlags.JpegProgressive, 1), new ImageEncodingParam(ImwriteFlags.JpegRstInterval, 2));
        ImageDecoder.Load(folder["p.jpg"]).Dispose();
        var bytes = File.ReadAllBytes(folder["p.jpg"]);
        File.WriteAllBytes(folder["cut.jpg"], bytes[..(bytes.Length * 2 / 3)]);
        Assert.ThrowsExactly<BadImageException>(() => ImageDecoder.Load(folder["cut.jpg"]).Dispose());
    }

    [TestMethod]
    [DataRow("", "empty")]
    [DataRow("This is a letter, not an image.", "not a JPEG")]
    public void Files_that_are_no_images_are_refused_by_name(string content, string expected)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["odd.jpg"], content);
        var error = Assert.ThrowsExactly<BadImageException>(() => ImageDecoder.Load(folder["odd.jpg"]).Dispose());
        StringAssert.Contains(error.Message, folder["odd.jpg"]);
        StringAssert.Contains(error.Message, expected);
    }

    [TestMethod]
    public void A_missing_file_is_refused_by_name()
    {
        var error = Assert.ThrowsExactly<BadImageException>(() => ImageDecoder.Load("/nowhere/x.png").Dispose());
        StringAssert.Contains(error.Message, "does not exist");
    }
}
