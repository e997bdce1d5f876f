using OneFractal.Data;
using OneFractal.Data.Inspection;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OneFractal.Data.Transforms.Augmentations;
using OpenCvSharp;

namespace OneFractal.Tests.Data;

[TestClass]
public sealed class DatasetInspectorTests
{
    [TestMethod]
    public void Counts_sizes_and_statistics_are_those_of_the_images()
    {
        using var folder = new TempFolder();
        for (var i = 0; i < 4; i++)
        {
            // Half red at full brightness, half black, so that the mean of R is 0.5 and so is its deviation.
            using var image = new Mat(10, 20 + i / 3, MatType.CV_8UC3, new Scalar(i % 2 * 255, 51, 0));
            TestImages.Write(folder["set", "train", i < 2 ? "a" : "b", $"{i}.png"], image);
        }

        using var grey = TestImages.Noise(8, 8, 1);
        TestImages.Write(folder["set", "test", "a", "x.png"], grey);
        TestImages.Write(folder["set", "test", "b", "y.png"], grey);
        var report = DatasetInspector.Inspect(folder["set"], folder["sheet.png"]);
        Assert.HasCount(2, report.Splits);
        var train = report.Splits[0];
        Assert.AreEqual((4, 0), (train.Images, train.Grey));
        CollectionAssert.AreEqual(new[] { 2, 2 }, train.ImagesPerClass.ToArray());
        Assert.AreEqual((20, 10, 3), train.Sizes[0]);
        Assert.AreEqual(0.5, train.Mean[0], 1e-9);
        Assert.AreEqual(0.5, train.Std[0], 1e-9);
        Assert.AreEqual(0.2, train.Mean[1], 1e-9);
        Assert.AreEqual(0, train.Std[1], 1e-6);
        Assert.AreEqual((DatasetSplit.Test, 2), (report.Splits[1].Split, report.Splits[1].Grey));
        ImageDecoder.Load(folder["sheet.png"]).Dispose();
    }

    [TestMethod]
    public void Duplicates_and_imbalance_are_warned_of()
    {
        using var folder = new TempFolder();
        for (var i = 0; i < 12; i++)
        {
            using var image = TestImages.Noise(8, 8, 3, (ulong)i);
            TestImages.Write(folder["train", i < 11 ? "many" : "few", $"{i}.png"], image);
        }

        using var same = TestImages.Noise(8, 8, 3, 4);
        TestImages.Write(folder["test", "many", "renamed.bmp"], same);
        using var other = TestImages.Noise(8, 8, 3, 99);
        TestImages.Write(folder["test", "few", "other.png"], other);
        var warnings = DatasetInspector.Inspect(folder.Path).Warnings;
        Assert.HasCount(2, warnings);
        StringAssert.Contains(warnings[0], "'many' has 11 images, 'few' only 1");
        StringAssert.Contains(warnings[1], "renamed.bmp");
        StringAssert.Contains(warnings[1], $"{Path.Combine("many", "4.png")}");
    }

    [TestMethod]
    public void A_set_without_test_images_is_still_inspected()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["train"], 2, 2);
        var report = DatasetInspector.Inspect(folder.Path);
        Assert.HasCount(1, report.Splits);
        StringAssert.Contains(report.Warnings[0], "No test images");
    }

    [TestMethod]
    public void A_set_with_an_image_a_class_is_inspected_whole()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder.Path, 3, 1);
        var report = DatasetInspector.Inspect(folder.Path);
        Assert.AreEqual(3, report.Splits.Single().Images);
        StringAssert.Contains(report.Warnings[0], "too few images");
    }

    [TestMethod]
    public void The_preview_shows_every_operation()
    {
        using var folder = new TempFolder();
        using var image = TestImages.Gradient(60, 40);
        AugmentationPreview.Write(folder["preview.png"], image, TrainingTransformSettings.PaperPretraining);
        using var preview = ImageDecoder.Load(folder["preview.png"]);
        Assert.IsGreaterThan(23 * 112, preview.Rows);
        Assert.IsGreaterThan(6 * 112, preview.Cols);
    }
}
