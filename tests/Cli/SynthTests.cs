using System.Diagnostics;
using System.Reflection;
using OneFractal.Cli.Settings;
using OneFractal.Data.Fractals;
using OpenCvSharp;

namespace OneFractal.Tests.Cli;

[TestClass]
public sealed class SynthTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [TestMethod]
    public void Synth_WritesASet_SaysWhere_AndCompletesIt()
    {
        using var folder = new TempFolder();
        string[] args = ["synth", "-o", folder["set"], "--classes", "6", "--size", "32", "--points", "2000", "--seed", "3"];
        var first = CliRunner.Run(args);
        Assert.AreEqual(0, first.ExitCode, first.Error);
        var sheet = Path.Combine(folder["set"], "contact-sheet.png");
        Assert.Contains($"6 images of 6 classes in {folder["set"]}, 6 of them new", first.Output);
        Assert.Contains($"Contact sheet: {sheet}", first.Output);
        Assert.IsTrue(File.Exists(sheet));

        File.Delete(Directory.GetFiles(folder["set", "00004"]).Single());
        Assert.Contains("1 of them new", CliRunner.Run(args).Output);
        Assert.Contains("other settings", CliRunner.Fails(2, [.. args, "--delta", "0.2"]));
    }

    [TestMethod]
    [DataRow("INT", 130)]
    [DataRow("TERM", 143)]
    public void ASignal_StopsALongRun_WithWholeFilesOnly(string signal, int exitCode)
    {
        using var folder = new TempFolder();
        var process = CliRunner.Start("synth", "-o", folder["set"], "--classes", "100000", "--size", "64", "--points", "2000");
        WaitUntil(() => Directory.Exists(folder["set", "00010"]));
        CliRunner.Signal(process, signal);
        var result = CliRunner.Finish(process);
        Assert.AreEqual(exitCode, result.ExitCode, result.Error);
        Assert.AreEqual("", result.Output);
        Assert.DoesNotContain("   at ", result.Error);
        Assert.IsEmpty(Directory.GetFiles(folder["set"], "*.partial", SearchOption.AllDirectories));
        foreach (var file in Directory.GetFiles(folder["set"], "*.png", SearchOption.AllDirectories))
        {
            using var image = Cv2.ImRead(file, ImreadModes.Grayscale);
            Assert.AreEqual(64, image.Rows, file);
        }
    }

    [TestMethod]
    [DataRow("--output needs a value", "synth", "--output")]
    [DataRow("-o needs a value", "synth", "-o", "--classes", "3")]
    [DataRow("missing required option '--output'", "synth")]
    [DataRow("--classes: 'many' is not a whole number", "synth", "-o", "x", "--classes", "many")]
    [DataRow("--classes must be 2 to 100000, not 1", "synth", "-o", "x", "--classes", "1")]
    [DataRow("--sigma: '3,5' is not a number", "synth", "-o", "x", "--sigma=3,5")]
    [DataRow("--patch: 'square' is none of 'random', 'fill'", "synth", "-o", "x", "--patch", "square")]
    [DataRow("--seed: '-1' is not a whole number of at least 0", "synth", "-o", "x", "--seed", "-1")]
    [DataRow("No contractive system of 2 maps", "synth", "-o", "x", "--sigma", "7")]
    public void WrongUsage_IsOneLine_WithExitCode2(string message, params string[] args)
    {
        Assert.Contains(message, CliRunner.Fails(2, args));
    }

    [TestMethod]
    public void AnOutputThatCannotBeWritten_IsOneLine_WithExitCode1()
    {
        Assert.StartsWith("onefractal: Cannot write '/dev/null/x/fractal.json'", CliRunner.Fails(1, "synth", "-o", "/dev/null/x", "--size", "64"));
    }

    [TestMethod]
    public void Defaults_AreTheDataRooms()
    {
        var settings = Activator.CreateInstance<SynthSettings>();
        foreach (var property in typeof(SynthSettings).GetProperties())
        {
            if (property.GetCustomAttribute<System.ComponentModel.DefaultValueAttribute>() is { } value)
            {
                property.SetValue(settings, value.Value);
            }
        }

        Assert.AreEqual(new FractalSetSettings(), settings.ToFractalSet());
    }

    private static void WaitUntil(Func<bool> condition)
    {
        for (var start = Stopwatch.GetTimestamp(); !condition(); Thread.Sleep(10))
        {
            Assert.IsLessThan(Patience, Stopwatch.GetElapsedTime(start));
        }
    }
}
