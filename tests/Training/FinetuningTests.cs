using OneFractal.Data;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Training;
using OpenCvSharp;

namespace OneFractal.Tests.Training;

[TestClass]
[DoNotParallelize]
public sealed class FinetuningTests
{
    private static readonly TrainingRecipe Short = new() { Steps = 25, BatchSize = 8, WarmupSteps = 3, LearningRate = 1e-3 };

    [TestMethod]
    public void Classifier_LearnsAFolder_AndCarriesItsLabelsAndPreprocessing()
    {
        using var folder = new TempFolder();
        WriteClasses(folder["photos"], count: 15);
        var settings = new FinetuningSettings { Data = folder["photos"], FromScratch = "vit-nano", Recipe = Short };
        var result = Finetuning.Run(settings, new JobOptions { Output = folder["run"] });
        Assert.AreEqual(1.0, result.Test.Accuracy, "Red against blue is learnt in a few steps.");
        Assert.AreEqual(20, result.TrainingImages);
        Assert.AreEqual(4, result.ValidationImages);
        Assert.AreEqual(6, result.Test.Count, "A fifth of each class is held out.");

        var classifier = OnnxModel.Load(result.Run.Classifier);
        CollectionAssert.AreEqual(new[] { "blau_äö", "rot" }, classifier.Metadata!.Labels.ToArray());
        Assert.AreEqual(32, classifier.Metadata.Preprocessing.Height);
        Assert.AreEqual("1.0000", classifier.Metadata.Provenance["test_accuracy"]);
        Assert.AreEqual("logits", classifier.Graph.Output.Single().Name);

        // The classifier's weights go on to the next task, at another size: its head is replaced.
        WriteClasses(folder["other"], count: 10, third: true);
        var next = Finetuning.Run(
            new FinetuningSettings { Data = folder["other"], Backbone = result.Run.Classifier, Foreign = new ForeignModelSettings { Size = 48 }, Recipe = Short with { Steps = 2 }, Validation = 3 },
            new JobOptions { Output = folder["next"] });
        var larger = OnnxModel.Load(next.Run.Classifier);
        Assert.HasCount(3, larger.Metadata!.Labels);
        Assert.AreEqual((48, 37L), (larger.Metadata.Preprocessing.Height, larger.FindInitializer("pos_embed")!.Dims[1]), "Positions are resampled.");
        Assert.IsNotNull(next.Metrics[^1].ValidationAccuracy);
    }

    [TestMethod]
    public void AForeignFile_IsFineTuned_AndItsClassifierPredicts()
    {
        using var folder = new TempFolder();
        WriteClasses(folder["photos"], count: 15);
        // As other exporters write it: one image at a time, constants folded, no metadata.
        TestModels.Foreign().Save(folder["foreign.onnx"]);
        var settings = new FinetuningSettings
        {
            Data = folder["photos"], Backbone = folder["foreign.onnx"], Foreign = new ForeignModelSettings { Mean = [0.5f], Std = [0.25f] }, Recipe = Short,
        };
        var result = Finetuning.Run(settings, new JobOptions { Output = folder["run"] });
        Assert.AreEqual(1.0, result.Test.Accuracy);
        var resumed = Finetuning.Run(new FinetuningSettings(), new JobOptions { Output = folder["run"], Resume = true });
        Assert.AreEqual(result.Test, resumed.Test);

        using var classifier = Classifier.Load(result.Run.Classifier);
        Assert.AreEqual(0.5f, classifier.Preprocessing.Mean[2]);
        Assert.AreEqual("rot", classifier.Predict(folder["photos", "rot", "03.png"]).Label);
        var other = settings with { Backbone = result.Run.Classifier };
        StringAssert.Contains(Assert.ThrowsExactly<UsageException>(() => Finetuning.Run(other, new JobOptions { Output = folder["other"] })).Message, "--head-at");
    }

    [TestMethod]
    public void ABadImage_StopsTheRunByName_OrIsSkippedAndListed()
    {
        using var folder = new TempFolder();
        WriteClasses(folder["photos"], count: 10);
        var bad = Directory.GetFiles(folder["photos"], "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray()[..3];
        foreach (var path in bad)
        {
            File.WriteAllText(path, "no image");
        }

        var settings = new FinetuningSettings { Data = folder["photos"], FromScratch = "vit-nano", Recipe = Short with { Steps = 2 } };
        var error = Assert.ThrowsExactly<BadImageException>(() => Finetuning.Run(settings, new JobOptions { Output = folder["run"] }));
        CollectionAssert.Contains(bad, error.Path);

        var result = Finetuning.Run(settings with { OnBadImage = OnBadImage.Skip }, new JobOptions { Output = folder["skipped"] });
        Assert.AreEqual(20 - 3, result.TrainingImages + result.ValidationImages + result.Test.Count);
        var listed = Directory.GetFiles(folder["skipped"], "bad-images-*.csv").SelectMany(list => File.ReadAllLines(list).Skip(1)).ToArray();
        Assert.HasCount(3, listed);
    }

    [TestMethod]
    public void BrokenWeights_StopWithTheStepAndTheCause()
    {
        using var folder = new TempFolder();
        WriteClasses(folder["photos"], count: 10);
        var model = Backbone.Create("vit-nano");
        var bias = model.FindInitializer("norm.bias")!;
        bias.SetFloats([.. bias.ToFloats().Select(_ => float.NaN)]);
        model.Save(folder["nan.onnx"]);
        var settings = new FinetuningSettings { Data = folder["photos"], Backbone = folder["nan.onnx"], Recipe = Short };
        var error = Assert.ThrowsExactly<TrainingException>(() => Finetuning.Run(settings, new JobOptions { Output = folder["run"] }));
        StringAssert.Contains(error.Message, "step 1");
        StringAssert.Contains(error.Message, "--lr");
        Assert.IsFalse(File.Exists(new RunFolder(folder["run"]).Classifier));
    }

    [TestMethod]
    public void Mistakes_AreOneClearLine()
    {
        using var folder = new TempFolder();
        WriteClasses(folder["photos"], count: 10);
        var good = new FinetuningSettings { Data = folder["photos"], FromScratch = "vit-nano", Recipe = Short };
        Fails(good with { Data = folder["missing"] }, "missing");
        Fails(good with { FromScratch = null }, "--backbone");
        Fails(good with { Foreign = new ForeignModelSettings { Bgr = true } }, "--bgr");
        Fails(good with { Foreign = new ForeignModelSettings { Size = 33 } }, "steps of");
        Fails(good with { Labelled = 1 }, "--labelled");
        Fails(good with { Labelled = 1000 }, "--labelled");
        Fails(good with { FromScratch = null, Backbone = folder["none.onnx"] }, "does not exist");
        Directory.CreateDirectory(folder["single", "only"]);
        File.Copy(Directory.GetFiles(folder["photos", "rot"])[0], folder["single", "only", "1.png"]);
        Fails(good with { Data = folder["single"] }, "class");

        File.WriteAllBytes(folder["photos", "rot", "00.png"], File.ReadAllBytes(folder["photos", "rot", "00.png"])[..60]);
        Fails(good, "00.png");
        Assert.IsFalse(File.Exists(new RunFolder(folder["run"]).Classifier));

        void Fails(FinetuningSettings settings, string expected)
        {
            var error = Assert.Throws<OneFractalException>(() => Finetuning.Run(settings, new JobOptions { Output = folder["run"] }));
            StringAssert.Contains(error.Message, expected);
            Assert.DoesNotContain("\n", error.Message);
        }
    }

    internal static void WriteClasses(string folder, int count, bool third = false)
    {
        foreach (var (name, colour) in new[] { ("rot", new Scalar(20, 20, 220)), ("blau_äö", new Scalar(220, 20, 20)), ("grün", new Scalar(20, 220, 20)) }
            .Take(third ? 3 : 2))
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
            for (var i = 0; i < count; i++)
            {
                using var image = new Mat(40, 50, MatType.CV_8UC3, Scaled(colour, 0.6 + 0.4 * i / count));
                Cv2.ImEncode(".png", image, out var png);
                File.WriteAllBytes(Path.Combine(folder, name, $"{i:00}.png"), png);
            }
        }
    }

    private static Scalar Scaled(Scalar colour, double factor) => new(colour.Val0 * factor, colour.Val1 * factor, colour.Val2 * factor);
}
