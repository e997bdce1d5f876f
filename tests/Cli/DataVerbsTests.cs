using System.Text.Json;
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
    public void Bench_synth_ends_with_one_line_of_json()
    {
        var result = CliRunner.Run("bench", "synth", "--window", "0.002", "--json");
        Assert.AreEqual(0, result.ExitCode, result.Error);
        using var json = JsonDocument.Parse(result.Output.TrimEnd().Split('\n')[^1]);
        Assert.IsGreaterThan(0, json.RootElement.GetProperty("exact_512_images_per_second_per_core").GetDouble());
    }
}
