using OneFractal.Data;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Tests.Data;
using OneFractal.Tests.Export;
using OneFractal.Training;

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

    [TestMethod]
    public void EveryPrecision_IsAFile_MeasuredBesideFloat32OnLabelledImages()
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier();
        model.Metadata = model.Metadata! with { Labels = ["a", "b", "c", "d", "e"] };
        model.Save(folder["trained.onnx"]);
        TestImages.WriteClassFolders(folder["images"], classes: 3, perClass: 10);
        var settings = new ModelExportSettings
        {
            Precisions = ExportPrecisions.Parse("fp32,fp16,bf16,int8,int8-static"), Data = folder["images"], CalibrationImages = 12, Opset = 15, ExternalData = true,
        };
        var report = ModelExport.Run(folder["trained.onnx"], folder["out", "m.onnx"], settings);
        string[] names = ["m.onnx", "m.fp16.onnx", "m.bf16.onnx", "m.int8.onnx", "m.int8-static.onnx"];
        CollectionAssert.AreEquivalent(
            names.SelectMany(n => new[] { n, n + ".data" }).Append("m.json").ToArray(), Directory.GetFiles(folder["out"]).Select(Path.GetFileName).ToArray());
        CollectionAssert.AreEquivalent(Directory.GetFiles(folder["out"]), report.Files.ToArray());
        Assert.AreEqual(report.Files.Sum(f => new FileInfo(f).Length), report.Bytes);
        Assert.Contains("6 test images", report.Images!);
        Assert.AreEqual("calibrated on 12 images", report.Notes.Single());

        // Each file runs as any model does, and scores what the report says.
        using var dataset = Datasets.Open(folder["images"], DatasetSplit.Test);
        foreach (var (variant, name) in report.Variants.Zip(names))
        {
            using var classifier = Classifier.Load(folder["out", name]);
            Assert.AreEqual(15, OnnxModel.Load(folder["out", name]).Opset);
            var agreement = variant.Agreement!;
            Assert.AreEqual(TestSet.Evaluate(classifier, dataset).Accuracy, agreement.Accuracy!.Value, 1e-9, name);
            Assert.IsLessThan(0.06 * agreement.Scale, agreement.MaxDifference, name);
            Assert.IsGreaterThan(0.999, agreement.Cosine, name);
            Assert.IsTrue(variant.IsWritten);
        }

        Assert.AreEqual(0, report.Variants[0].Agreement!.MaxDifference);
        Assert.IsTrue(report.Variants.Skip(1).All(v => v.Agreement!.MaxDifference > 0 && v.Bytes < 0.55 * report.Variants[0].Bytes));
    }

    [TestMethod]
    public void OnePrecision_HasTheNameGiven_AndFloat32IsOnlyMeasured()
    {
        using var folder = new TempFolder();
        TestModels.Features().Save(folder["trained.onnx"]);
        var report = ModelExport.Run(folder["trained.onnx"], folder["m.onnx"], new ModelExportSettings { Precisions = [ExportPrecision.Int8], Batch = 3 });
        CollectionAssert.AreEqual(new[] { folder["m.onnx"], folder["m.json"] }, report.Files.ToArray());
        CollectionAssert.AreEqual(new[] { false, true }, report.Variants.Select(v => v.IsWritten).ToArray());
        Assert.IsNull(report.Variants[1].Agreement!.Top1Agreement, "Features have no classes.");
        Assert.IsGreaterThan(0.99, report.Variants[1].Agreement!.Cosine);
        Assert.Contains("fractals", report.Images!);
    }

    [TestMethod]
    public void Preprocessing_IsMeasuredBesidePredicts()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        TestImages.WriteClassFolders(folder["images"], classes: 2, perClass: 3);
        var settings = new ModelExportSettings { EmbedPreprocessing = true, Images = folder["images"], Output = ModelOutput.Probabilities };
        var report = ModelExport.Run(folder["trained.onnx"], folder["m.onnx"], settings);
        Assert.AreEqual(18, report.Opset);
        Assert.AreEqual("pixels uint8[batch, height, width, 3]", report.Inputs.Single());
        Assert.AreEqual("probabilities float[batch, 5]", report.Outputs.Single());
        Assert.AreEqual(6, report.Preprocessing!.Images);
        Assert.IsLessThan(1.0, report.Preprocessing.MeanPixel);
        Assert.AreEqual(1, report.Preprocessing.Top1Agreement);
        using var runner = ModelRunner.Load(folder["m.onnx"]);
        Assert.IsTrue(runner.TakesPhotos);
        Assert.Contains("preprocesses by itself", Assert.ThrowsExactly<ModelException>(() => runner.Run(new float[3 * 32 * 32], 1, new float[5])).Message);

        var old = ModelExport.Run(folder["trained.onnx"], folder["old.onnx"], settings with { Opset = 14 });
        Assert.Contains("antialias", old.Notes.Single());
    }

    [TestMethod]
    public void Probabilities_AreNotSoftenedAgain()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        ModelExport.Run(folder["trained.onnx"], folder["m.onnx"], new ModelExportSettings { Output = ModelOutput.Probabilities });
        using var image = TestImages.Gradient(40, 40);
        using Classifier scores = Classifier.Load(folder["trained.onnx"]), probabilities = Classifier.Load(folder["m.onnx"]);
        foreach (var (expected, actual) in scores.Predict(image).Probabilities.Zip(probabilities.Predict(image).Probabilities))
        {
            Assert.AreEqual(expected, actual, 1e-5f);
        }
    }

    [TestMethod]
    public void OtherSizes_AreFixed_OrLeftOpenWhereTheNetworkCan()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["vit.onnx"]);
        TestModels.Classifier("resnet-micro").Save(folder["resnet.onnx"]);
        var report = ModelExport.Run(folder["vit.onnx"], folder["m.onnx"], new ModelExportSettings { Size = 64 });
        Assert.AreEqual("images float[batch, 3, 64, 64]", report.Inputs.Single());
        using var classifier = Classifier.Load(folder["m.onnx"]);
        Assert.AreEqual(64, classifier.Preprocessing.Height);

        report = ModelExport.Run(folder["resnet.onnx"], folder["any.onnx"], new ModelExportSettings { AnySize = true });
        Assert.AreEqual("images float[batch, 3, height, width]", report.Inputs.Single());
        Assert.AreEqual(18, report.Opset);

        // A transformer resamples its positions in the graph: at each size as the model that is made for it.
        foreach (var opset in new int?[] { null, 14 })
        {
            report = ModelExport.Run(folder["vit.onnx"], folder["any.onnx"], new ModelExportSettings { AnySize = true, Opset = opset, Output = ModelOutput.Tokens });
            Assert.AreEqual("tokens float[batch, ?, 128]", report.Outputs.Single());
            var any = OnnxModel.Load(folder["any.onnx"]);
            foreach (var size in opset is null ? new[] { 16, 32, 40, 128 } : [32, 40, 128])
            {
                var made = OutputSelection.Apply(BackboneSize.Apply(TestModels.Classifier(), size), ModelOutput.Tokens);
                any.Metadata = made.Metadata;
                DeployedOutputs.AssertEqual(DeployedOutputs.Of(made), DeployedOutputs.Of(any), 1e-5);
            }
        }

        foreach (var name in new[] { "swin-tiny", "mixer-s16" })
        {
            Backbone.Create(name).Save(folder["one.onnx"]);
            var error = Assert.ThrowsExactly<ModelException>(() => ModelExport.Run(folder["one.onnx"], folder["no.onnx"], new ModelExportSettings { AnySize = true }));
            Assert.Contains("is made for one image size", error.Message);
        }

        Assert.IsFalse(File.Exists(folder["no.onnx"]));
    }

    [TestMethod]
    public void AForeignModel_IsFedAsItIsSaid()
    {
        using var folder = new TempFolder();
        TestModels.Foreign("resnet-micro", batch: null).Save(folder["foreign.onnx"]);
        var foreign = new ForeignModelSettings { PixelMax = 255, Mean = [1, 2, 3], Std = [4], Bgr = true };
        var report = ModelExport.Run(
            folder["foreign.onnx"], folder["m.onnx"], new ModelExportSettings { Foreign = foreign, Output = ModelOutput.Stages, Precisions = [ExportPrecision.Float16] });
        Assert.HasCount(4, report.Outputs);
        Assert.Contains(n => n.Contains("as given", StringComparison.Ordinal), report.Notes);
        Assert.AreEqual(3 / 255f, OnnxModel.Load(folder["m.onnx"]).Metadata!.Preprocessing.Mean[2], 1e-6f);
        TestModels.Classifier().Save(folder["own.onnx"]);
        Assert.Contains(
            "says itself", Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["own.onnx"], folder["n.onnx"], new ModelExportSettings { Foreign = foreign })).Message);
    }

    [TestMethod]
    public void SettingsThatDoNotGoTogether_AreOneLine()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        foreach (var (settings, message) in new (ModelExportSettings, string)[]
        {
            (new() { Opset = 12 }, "13 to 21"),
            (new() { Precisions = [ExportPrecision.Int8Static] }, "calibrated on real images"),
            (new() { Data = "a", Images = "b" }, "not both"),
            (new() { AnySize = true, EmbedPreprocessing = true }, "leaves it open"),
            (new() { Size = 60 }, "in steps of 8"),
        })
        {
            Assert.Contains(message, Assert.ThrowsExactly<UsageException>(() => ModelExport.Run(folder["trained.onnx"], folder["m.onnx"], settings)).Message);
        }

        Assert.Contains("'fp8' is none of fp32, fp16, bf16, int8, int8-static", Assert.ThrowsExactly<UsageException>(() => ExportPrecisions.Parse("fp8")).Message);
        Assert.HasCount(1, Directory.GetFiles(folder.Path));
    }
}
