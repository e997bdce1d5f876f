using System.Text.Json;
using OneFractal.Data.Readers;
using OneFractal.Tests.Data;

namespace OneFractal.Tests.Cli;

[TestClass]
public sealed class DataVerbsTests
{
    [TestMethod]
    public void Data_inspect_prints_classes_and_warnings_and_writes_samples()
    {
        using var folder = new TempFolder();
        TestImages.WriteClassFolders(folder["set", "train"], 2, 2);
        TestImages.WriteClassFolders(folder["set", "test"], 2, 2);
        var result = CliRunner.Run("data", "inspect", folder["set"], "-o", folder["samples.png"]);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        Assert.Contains("24x20 (4)", result.Output);
        Assert.Contains("Warning: 4 images of Test are in Train too", result.Output);
        Assert.IsTrue(File.Exists(folder["samples.png"]));
    }

    [TestMethod]
    public void Data_fetch_of_an_unknown_set_names_the_known_ones()
    {
        Assert.Contains("cifar100", CliRunner.Fails(2, "data", "fetch", "cifar11"));
    }

    [TestMethod]
    public void Augment_writes_its_preview()
    {
        using var folder = new TempFolder();
        using var image = TestImages.Gradient(40, 30);
        TestImages.Write(folder["photo.png"], image);
        var result = CliRunner.Run("augment", folder["photo.png"], "--preview", folder["preview.png"]);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        Assert.IsTrue(File.Exists(folder["preview.png"]));
        Assert.Contains("augmix", CliRunner.Fails(2, "augment", folder["photo.png"], "--randaugment", "augmix-m3"));
    }

    [TestMethod]
    public void Synth_makes_sets_of_an_image_and_of_noise()
    {
        using var folder = new TempFolder();
        using var image = TestImages.Noise(40, 40, 3);
        TestImages.Write(folder["photo.png"], image);
        foreach (var (name, options) in new[] { ("image", new[] { "--image", folder["photo.png"], "--image-mode", "rgb" }), ("noise", ["--noise", "uniform"]) })
        {
            var result = CliRunner.Run(["synth", "-o", folder[name], "--classes", "3", "--size", "32", .. options]);
            Assert.AreEqual(0, result.ExitCode, result.Error);
            Assert.HasCount(3, Directory.GetDirectories(folder[name]));
        }

        Assert.Contains("exclude each other", CliRunner.Fails(2, "synth", "-o", folder["both"], "--image", folder["photo.png"], "--noise", "gaussian"));
    }

    [TestMethod]
    public void A_killed_synth_leaves_whole_images_and_is_completed()
    {
        using var folder = new TempFolder();
        string[] command = ["synth", "-o", folder["set"], "--classes", "2000", "--size", "64", "--points", "2000"];
        using (var process = CliRunner.Start(command))
        {
            while (!process.HasExited && Images(folder["set"]).Length < 100)
            {
                Thread.Sleep(5);
            }

            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        var left = Images(folder["set"]);
        Assert.IsTrue(left.Length is >= 100 and < 2000, $"{left.Length} images");
        Assert.IsFalse(File.Exists(folder["set", "classes.csv"]));
        foreach (var path in left)
        {
            ImageDecoder.Load(path).Dispose();
        }

        var result = CliRunner.Run(command);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        Assert.Contains($"{2000 - left.Length} of them new", result.Output);
        Assert.HasCount(2000, Images(folder["set"]));
        Assert.IsEmpty(Directory.GetFiles(folder["set"], "*.partial", SearchOption.AllDirectories));
        Assert.HasCount(2001, File.ReadAllLines(folder["set", "classes.csv"]));
    }

    private static string[] Images(string folder) =>
        Directory.Exists(folder) ? Directory.GetFiles(folder, "0*.png", SearchOption.AllDirectories) : [];

    [TestMethod]
    public void Bench_synth_ends_with_one_line_of_json()
    {
        var result = CliRunner.Run("bench", "synth", "--window", "0.002", "--json");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        using var json = JsonDocument.Parse(result.Output.TrimEnd().Split('\n')[^1]);
        Assert.IsGreaterThan(0, json.RootElement.GetProperty("exact_512_images_per_second_per_core").GetDouble());
    }
}
