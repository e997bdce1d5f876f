using OneFractal.Data.Fractals;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Tests.Training;
using OneFractal.Training;

namespace OneFractal.Tests.Evaluation;

[TestClass]
[DoNotParallelize]
public sealed class QuickstartTests
{
    [TestMethod]
    public void WholePath_LeavesItsFiles_AndResumesWhereItStopped()
    {
        using var folder = new TempFolder();
        FinetuningTests.WriteClasses(folder["photos"], count: 12);
        var recipe = new TrainingRecipe { Steps = 4, BatchSize = 8, WarmupSteps = 1 };
        var settings = new QuickstartSettings
        {
            Data = folder["photos"],
            Labelled = 10,
            Validation = 4,
            Fractals = new FractalSetSettings { Classes = 4, Render = new RenderSettings { Size = 48, Points = 3000 } },
            Pretraining = recipe,
            Finetuning = recipe with { Steps = 25 },
        };
        var options = new JobOptions { Output = folder["run"], Device = ComputeDevice.Cpu };
        var report = Quickstart.Run(settings, options);

        foreach (var name in new[] { "run.yaml", "metrics.csv", "curves.png", "contact-sheet.png", "finetune-curves.png", "backbone.onnx", "classifier.onnx" })
        {
            Assert.IsTrue(File.Exists(folder["run", name]), name);
        }

        foreach (var run in new[] { report.Run, report.Pretrained.Finetuning.Run, report.Scratch.Finetuning.Run })
        {
            StringAssert.Contains(File.ReadAllText(run.RunYaml), $"backend: {report.Backend}\n", "What is compared was computed by the same backend.");
        }

        Assert.IsTrue(report.Verification.Passed);
        Assert.AreEqual(4, report.RenderedImages);
        Assert.IsGreaterThan(0, report.Latency.ImagesPerSecond);
        foreach (var start in new[] { report.Pretrained, report.Scratch })
        {
            Assert.AreEqual(start.Finetuning.Test.Accuracy, start.Deployed.Accuracy, "What was trained is what is deployed.");
            Assert.AreEqual(10, start.Finetuning.TrainingImages);
        }

        using (var classifier = Classifier.Load(folder["run", "classifier.onnx"]))
        {
            Assert.AreEqual("rot", classifier.Predict(Directory.GetFiles(folder["photos", "rot"])[0]).Label);
        }

        // As if it had been stopped in the second fine-tuning: what was finished is kept, the rest is done.
        var backbone = OnnxModel.Load(report.Run.Backbone).Fingerprint();
        Directory.Delete(folder["run", "finetune-scratch"], recursive: true);
        Assert.Throws<OneFractalException>(() => Quickstart.Run(settings, options));
        var resumed = Quickstart.Run(settings, options with { Resume = true });
        Assert.AreEqual(report.Scratch.Deployed.Loss, resumed.Scratch.Deployed.Loss, 1e-9);
        Assert.AreEqual(backbone, OnnxModel.Load(resumed.Run.Backbone).Fingerprint());
    }
}
