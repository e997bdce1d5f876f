using System.Diagnostics;
using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Export;

/// <summary>Everything that is written passes the ONNX project's own checker (Debian's python3-onnx), shape inference included.</summary>
[TestClass]
public sealed class OnnxCheckerTests
{
    private const string Python = "/usr/bin/python3";

    private const string Script = """
        import sys, onnx
        for path in sys.argv[1:]:
            onnx.checker.check_model(path, full_check=True)
            model = onnx.load(path)
            onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        """;

    [TestMethod]
    public void EveryForm_OfEveryFamily_Passes()
    {
        if (!File.Exists(Python) || Run("-c", "import onnx").ExitCode != 0)
        {
            Assert.Inconclusive($"{Python} has no onnx: install python3-onnx.");
        }

        using var folder = new TempFolder();
        var files = new List<string>();
        void Save(string name, OnnxModel model)
        {
            files.Add(folder[name + ".onnx"]);
            model.Save(files[^1]);
        }

        foreach (var name in new[] { "vit-nano", "vit-micro", "vit-tiny" })
        {
            var backbone = Backbone.Create(name);
            var classifier = Backbone.WithHead(backbone, TestModels.Labels);
            Save($"{name}-backbone", backbone);
            Save($"{name}-classifier", classifier);
            Save($"{name}-folded", ConstantFolding.Apply(classifier));
            Save($"{name}-batch1", FixedBatch.Apply(classifier, 1));
            Save($"{name}-batch4", FixedBatch.Apply(backbone, 4));
            Save($"{name}-droppath", StochasticDepth.Insert(classifier, 0.1));
            Save($"{name}-headless", ClassificationHead.Detach(classifier));
        }

        var deployed = DeploymentForm.Apply(TestModels.Classifier());
        var maps = DeploymentForm.Apply(TestModels.Classifier("resnet-micro"));
        // Opset 13 has the oldest forms, 15 the newest but layer normalisation; the checker of ONNX 1.12 ends at 17, which the other files are of.
        foreach (var opset in new[] { OpsetConversion.Oldest, 15 })
        {
            Save($"opset{opset}", OpsetConversion.Apply(deployed, opset));
            Save($"opset{opset}-int8", OpsetConversion.Apply(DynamicQuantization.Apply(maps), opset));
            Save($"opset{opset}-fp16", OpsetConversion.Apply(HalfPrecision.Apply(deployed).Model, opset));
            Save($"opset{opset}-pixels", OpsetConversion.Apply(EmbeddedPreprocessing.Apply(deployed, deployed.Metadata!.Preprocessing), opset));
        }

        foreach (var opset in new[] { OpsetConversion.Oldest, OnnxModel.WrittenOpset })
        {
            Save($"newer-opset{opset}", OpsetConversion.Apply(NewerForms.Build(), opset));
        }

        Save("bf16", BFloat16Weights.Apply(deployed));
        var ranges = StaticQuantization.Activations(maps).ToDictionary(a => a, _ => new ActivationRange(-1, 1));
        Save("int8-static", OpsetConversion.Apply(StaticQuantization.Apply(maps, ranges), 13));
        Save("stages", DeploymentForm.Apply(OutputSelection.Apply(TestModels.Classifier(), ModelOutput.Stages)));
        files.Add(folder["external.onnx"]);
        deployed.SaveWithExternalData(files[^1]);

        foreach (var (name, optimizer) in new[] { ("vit-nano", OptimizerKind.AdamW), ("resnet-micro", OptimizerKind.Sgd), ("swin-tiny", OptimizerKind.AdamW) })
        {
            var recipe = new TrainingRecipe { BatchSize = 2, Optimizer = optimizer, DropPath = 0.1, EmaDecay = 0.9 };
            Save($"{name}-train-step", TrainStepFile.Create(Backbone.WithHead(Backbone.Create(name), TestModels.Labels), recipe));
        }

        var (exitCode, output) = Run(["-c", Script, .. files]);
        Assert.AreEqual(0, exitCode, output);

        // The checker does check: a wrong attribute is seen.
        var wrong = Backbone.Create("vit-nano");
        wrong.Graph.Node[0].Set("no_such_attribute", 1);
        Save("wrong", wrong);
        Assert.AreNotEqual(0, Run("-c", Script, files[^1]).ExitCode);
    }

    private static (int ExitCode, string Output) Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardError = true })!;
        var output = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
