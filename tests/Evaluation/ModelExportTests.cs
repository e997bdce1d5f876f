using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;

namespace OneFractal.Tests.Evaluation;

[TestClass]
public sealed class ModelExportTests
{
    [TestMethod]
    [DataRow(null, false, "float[batch, 5]")]
    [DataRow(2, false, "float[2, 5]")]
    [DataRow(1, true, "float[1, 128]")]
    public void TheFile_IsCompleteAndEqual(int? batch, bool features, string output)
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        var report = ModelExport.Run(folder["trained.onnx"], folder["out", "m.onnx"], new ModelExportSettings { Batch = batch, Output = features ? ModelOutput.Features : ModelOutput.AsTrained });
        Assert.IsLessThanOrEqualTo(report.Tolerance, report.MaxError);
        StringAssert.EndsWith(report.Outputs.Single(), output);
        Assert.AreEqual(17, report.Opset);
        Assert.AreEqual(report.Files.Sum(f => new FileInfo(f).Length), report.Bytes);

        var metadata = ModelMetadata.FromJson(File.ReadAllText(folder["out", "m.json"]), "m.json");
        Assert.HasCount(features ? 0 : 5, metadata.Labels);
        Assert.AreEqual("vit_nano_patch8_32", metadata.Architecture);
        CollectionAssert.AreEquivalent(new[] { folder["out", "m.onnx"], folder["out", "m.json"] }, Directory.GetFiles(folder["out"]));
        using var runner = ModelRunner.Load(folder["out", "m.onnx"]);
        Assert.AreEqual(batch, runner.FixedBatch);
    }

    [TestMethod]
    public void WhatCannotBeWritten_IsRefused_AndNothingIsLeft()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        var before = File.ReadAllBytes(folder["trained.onnx"]);
        foreach (var output in new[] { folder["trained.onnx"], folder["model.json"], folder["model"], folder.Path })
        {
            Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["trained.onnx"], output), output);
        }

        Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["trained.onnx"], folder["m.onnx"], new ModelExportSettings { Batch = 0 }));
        File.WriteAllText(folder["file"], "");
        Assert.ThrowsExactly<OneFractalException>(() => ModelExport.Run(folder["trained.onnx"], folder["file", "m.onnx"]));
        CollectionAssert.AreEquivalent(new[] { folder["trained.onnx"], folder["file"] }, Directory.GetFileSystemEntries(folder.Path));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(folder["trained.onnx"]));
    }
}
