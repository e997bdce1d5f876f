using OneFractal.Data.Readers;
using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Cli;

/// <summary>The training verbs as processes: what they print, leave behind and exit with.</summary>
[TestClass]
[DoNotParallelize]
public sealed class TrainingVerbsTests
{
    private static readonly string[] Small = ["--classes", "4", "--size", "48", "--points", "3000", "--batch-size", "4", "--threads", "1"];

    [TestMethod]
    public void CtrlC_LeavesACheckpoint_AndResumeEndsAsIfNothingHappened()
    {
        using var folder = new TempFolder();
        string[] pretrain = ["pretrain", .. Small, "--steps", "300", "--backend", "torchsharp"];
        Assert.AreEqual(0, CliRunner.Run([.. pretrain, "-o", folder["whole"]]).ExitCode);

        var process = CliRunner.Start([.. pretrain, "-o", folder["stopped"]]);
        var metrics = new RunFolder(folder["stopped"]).MetricsCsv;
        while (!process.HasExited && !(File.Exists(metrics) && File.ReadAllLines(metrics).Length > 3))
        {
            Thread.Sleep(5);
        }

        CliRunner.Signal(process, "INT");
        var stopped = CliRunner.Finish(process);
        Assert.AreEqual(130, stopped.ExitCode, stopped.Error);
        StringAssert.Contains(stopped.Error, "--resume");
        Assert.IsTrue(File.Exists(new RunFolder(folder["stopped"]).CheckpointState));
        Assert.IsFalse(File.Exists(new RunFolder(folder["stopped"]).Backbone));

        var resumed = CliRunner.Run("pretrain", "--resume", folder["stopped"], "--threads", "1");
        Assert.AreEqual(0, resumed.ExitCode, resumed.Error);
        StringAssert.Contains(resumed.Output, new RunFolder(folder["stopped"]).Backbone);
        CollectionAssert.AreEqual(
            File.ReadAllBytes(new RunFolder(folder["whole"]).Backbone), File.ReadAllBytes(new RunFolder(folder["stopped"]).Backbone));
    }

    [TestMethod]
    public void Mistakes_AreOneLine()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["empty"]);
        File.WriteAllText(folder["text.onnx"], "This is not a model.");
        File.WriteAllText(folder["file"], "");
        StringAssert.Contains(CliRunner.Fails(2, "pretrain", "--backbone", "vit-huge", "-o", folder["x"]), "vit-nano");
        StringAssert.Contains(CliRunner.Fails(2, "pretrain", "--backend", "jax", "-o", folder["x"]), "'auto', 'onnxruntime', 'torchsharp'");
        StringAssert.Contains(CliRunner.Fails(2, "pretrain", "--delta", "-1", "-o", folder["x"]), "--delta");
        StringAssert.Contains(CliRunner.Fails(1, ["pretrain", .. Small, "--steps", "1", "-o", folder["file", "below"]]), "Cannot write");
        StringAssert.Contains(CliRunner.Fails(2, "finetune", "-o", folder["x"]), "data");
        StringAssert.Contains(CliRunner.Fails(1, "finetune", folder["empty"], "--from-scratch", "vit-nano", "-o", folder["x"]), "empty");
        StringAssert.Contains(CliRunner.Fails(1, "finetune", folder["missing"], "--from-scratch", "vit-nano", "-o", folder["x"]), "missing");
        StringAssert.Contains(CliRunner.Fails(2, "finetune", folder["empty"], "-o", folder["x"]), "--backbone");
        Assert.IsFalse(Directory.Exists(folder["x"]), "Nothing is left half-written.");
    }

    [TestMethod]
    public void Finetune_UsesFashionMnist()
    {
        if (!FashionMnist.IsInstalled)
        {
            Assert.Inconclusive("Fashion-MNIST is not installed.");
        }

        using var folder = new TempFolder();
        var result = CliRunner.Run(
            "finetune", "fashion-mnist", "--from-scratch", "vit-nano", "--labelled", "40", "--steps", "3", "--batch-size", "8", "-o", folder["run"]);
        Assert.AreEqual(0, result.ExitCode, result.Error);
        StringAssert.Contains(result.Output, "of 10000 images");
        StringAssert.Contains(result.Error, "Backend: torchsharp (not measured: 3 steps are too few)\n");
        var classifier = OnnxModel.Load(new RunFolder(folder["run"]).Classifier);
        CollectionAssert.AreEqual(FashionMnist.ClassNames.ToArray(), classifier.Metadata!.Labels.ToArray());
        Assert.AreEqual("10000", classifier.Metadata.Provenance["test_images"]);
    }
}
