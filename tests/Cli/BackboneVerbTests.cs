using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Cli;

/// <summary>backbone, and export of weights, as processes.</summary>
[TestClass]
public sealed class BackboneVerbTests
{
    [TestMethod]
    public void Weights_GoOutAndIn()
    {
        using var folder = new TempFolder();
        var trained = TestModels.Classifier("resnet-micro");
        trained.Save(folder["trained.onnx"]);
        foreach (var file in new[] { "weights.pth", "weights.safetensors" })
        {
            var export = CliRunner.Run("export", folder["trained.onnx"], "-o", folder[file]);
            Assert.AreEqual(0, export.ExitCode, export.Error);
            Assert.Contains(file, export.Output);

            var create = CliRunner.Run("backbone", "create", "resnet-micro", "--weights", folder[file], "-o", folder["model.onnx"]);
            Assert.AreEqual(0, create.ExitCode, create.Error);
            Assert.Contains("float[batch, 3, 32, 32]", create.Output);
            var model = OnnxModel.Load(folder["model.onnx"]);
            CollectionAssert.AreEqual(ClassificationHead.Detach(trained).Graph.Initializer, model.Graph.Initializer);
        }

        CollectionAssert.AreEquivalent(
            new[] { "trained.onnx", "weights.pth", "weights.safetensors", "model.onnx" }, Directory.GetFiles(folder.Path).Select(Path.GetFileName).ToArray());

        var features = CliRunner.Run("export", folder["trained.onnx"], "--features", "-o", folder["features.pth"]);
        Assert.AreEqual(0, features.ExitCode, features.Error);
        Assert.DoesNotContain("fc.weight", PyTorchFile.Read(folder["features.pth"]).Select(t => t.Name));
    }

    [TestMethod]
    public void Create_IsSeeded_AndTakesSizes()
    {
        using var folder = new TempFolder();
        var create = CliRunner.Run("backbone", "create", "vit-nano", "--seed", "7", "--size", "64", "-o", folder["model.onnx"]);
        Assert.AreEqual(0, create.ExitCode, create.Error);
        Assert.Contains("fresh, seed 7", create.Output);
        Assert.AreEqual(Backbone.Create("vit-nano", 7, 64).Fingerprint(), OnnxModel.Load(folder["model.onnx"]).Fingerprint());
        CollectionAssert.AreEqual(Backbone.Names.ToArray(), CliRunner.Run("backbone", "list").Output.TrimEnd().Split('\n'));
    }

    [TestMethod]
    public void WhatCannotBe_IsOneLine()
    {
        using var folder = new TempFolder();
        var model = TestModels.Features();
        model.Save(folder["model.onnx"]);
        ConstantFolding.Apply(model).Save(folder["folded.onnx"]);
        File.WriteAllText(folder["text.pth"], "text");
        BackboneWeights.Save(model, folder["vit.pth"]);
        var before = Directory.GetFiles(folder.Path);
        Assert.Contains("one of vit-nano", CliRunner.Fails(2, "backbone", "create", "-o", folder["a.onnx"]));
        Assert.Contains("Unknown backbone", CliRunner.Fails(2, "backbone", "create", "none", "-o", folder["a.onnx"]));
        Assert.Contains("with -o", CliRunner.Fails(2, "backbone", "create", "vit-nano", "-o", folder["a.pth"]));
        Assert.Contains("not a file of PyTorch weights", CliRunner.Fails(1, "backbone", "create", "vit-nano", "--weights", folder["text.pth"], "-o", folder["a.onnx"]));
        Assert.Contains("missing (conv1.weight, ", CliRunner.Fails(1, "backbone", "create", "resnet-micro", "--weights", folder["vit.pth"], "-o", folder["a.onnx"]));
        Assert.Contains("position embedding", CliRunner.Fails(1, "backbone", "create", "vit-nano", "--size", "64", "--weights", folder["vit.pth"], "-o", folder["a.onnx"]));
        Assert.Contains("does not say", CliRunner.Fails(1, "export", folder["folded.onnx"], "-o", folder["a.pth"]));
        Assert.Contains("--batch", CliRunner.Fails(2, "export", folder["model.onnx"], "--batch", "1", "-o", folder["a.pth"]));
        Assert.Contains(".safetensors", CliRunner.Fails(2, "export", folder["model.onnx"], "-o", folder["a.h5"]));
        CollectionAssert.AreEquivalent(before, Directory.GetFiles(folder.Path));
    }
}
