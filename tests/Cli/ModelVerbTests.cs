using System.Text.Json;
using OneFractal.Tests.Data;
using OneFractal.Tests.Evaluation;
using OneFractal.Training;

namespace OneFractal.Tests.Cli;

/// <summary>export, verify and predict as processes, on a real model file.</summary>
[TestClass]
public sealed class ModelVerbTests
{
    [TestMethod]
    public void Export_Verify_Predict_OneAfterTheOther()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        TestImages.WriteClassFolders(folder["images"], classes: 2, perClass: 2);

        var export = CliRunner.Run("export", folder["trained.onnx"], "-o", folder["model.onnx"]);
        Assert.AreEqual(0, export.ExitCode, export.Error);
        Assert.Contains("float[batch, 3, 32, 32]", export.Output);
        Assert.IsTrue(File.Exists(folder["model.json"]));

        var verify = CliRunner.Run("verify", folder["model.onnx"], "--count", "2", "--json");
        Assert.AreEqual(0, verify.ExitCode, verify.Error);
        Assert.MatchesRegex(@"^(Comparing runtimes: [^\n]+\n)*$", verify.Error, "The runtimes say nothing of their own.");
        using var report = JsonDocument.Parse(verify.Output);
        Assert.IsTrue(report.RootElement.GetProperty("passed").GetBoolean());
        Assert.AreEqual(1, CliRunner.Run("verify", folder["model.onnx"], "--count", "1", "--tolerance", "0").ExitCode);

        var lines = CliRunner.Run("predict", folder["model.onnx"], folder["images"], "--top", "2");
        Assert.AreEqual(0, lines.ExitCode, lines.Error);
        Assert.AreEqual("", lines.Error);
        string[][] rows = [.. lines.Output.TrimEnd().Split('\n').Select(l => l.Split('\t'))];
        Assert.HasCount(4, rows);
        Assert.IsTrue(rows.All(r => r.Length == 5 && TestModels.Labels.Contains(r[1])));

        File.WriteAllText(folder["images", "a", "text.jpg"], "not a picture");
        var json = CliRunner.Run("predict", folder["model.onnx"], folder["images", "**", "*"], "--json");
        Assert.AreEqual(1, json.ExitCode);
        using var predictions = JsonDocument.Parse(json.Output);
        Assert.AreEqual(5, predictions.RootElement.GetArrayLength());
        Assert.AreEqual(1, predictions.RootElement.EnumerateArray().Count(e => e.TryGetProperty("error", out _)));

        Assert.AreEqual(1, CliRunner.Run("predict", folder["model.onnx"], folder["images"], "--csv", folder["out.csv"]).ExitCode);
        var csv = File.ReadAllLines(folder["out.csv"]);
        Assert.AreEqual("path,label,probability,error", csv[0]);
        Assert.HasCount(6, csv);
    }

    [TestMethod]
    public void Verify_NamesTheNodeThatARuntimeComputesWrongly()
    {
        using var folder = new TempFolder();
        DifferenceLocatorTests.WrongInOpenCv("MaxPool").Save(folder["wrong.onnx"]);
        var verify = CliRunner.Run("verify", folder["wrong.onnx"], "--runtime", "opencv", "--count", "1", "--locate");
        Assert.AreEqual(1, verify.ExitCode, verify.Error);
        Assert.Contains("OpenCV DNN, batch 1: first difference at MaxPool 'wrong/MaxPool'", verify.Output);

        DifferenceLocatorTests.WrongAtTheSecondOutput().Save(folder["two.onnx"]);
        var two = CliRunner.Run("verify", folder["two.onnx"], "--runtime", "opencv", "--count", "1", "--locate");
        Assert.AreEqual(1, two.ExitCode, two.Error);
        Assert.Contains("worst output", two.Output);
        Assert.Contains("first difference at AveragePool 'wrong/AveragePool'", two.Output);
        Assert.Contains("none of onnxruntime, cuda, torchsharp, opencv, node, web", CliRunner.Fails(2, "verify", folder["wrong.onnx"], "--runtime", "tensorrt"));
    }

    [TestMethod]
    public void Predict_ReadsAListAsItComes_AndLeavesNoHalfFile()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["model.onnx"]);
        TestImages.WriteClassFolders(folder["images"], classes: 2, perClass: 2);
        string[] listed = [folder["images", "b", "001.png"], folder["images", "a", "000.png"]];
        var reading = CliRunner.Open("predict", folder["model.onnx"], folder["images", "a"], "--stdin", "--json", "-o", folder["out.json"]);
        reading.StandardInput.Write(string.Join('\n', listed));
        reading.StandardInput.Close();
        var result = CliRunner.Finish(reading);
        Assert.AreEqual(new CliResult(0, "", ""), result);
        using var predictions = JsonDocument.Parse(File.ReadAllText(folder["out.json"]));
        CollectionAssert.AreEqual(
            (string[])[folder["images", "a", "000.png"], folder["images", "a", "001.png"], .. listed],
            predictions.RootElement.EnumerateArray().Select(e => e.GetProperty("path").GetString()).ToArray());

        var before = Directory.GetFileSystemEntries(folder.Path);
        var waiting = CliRunner.Open("predict", folder["model.onnx"], "--stdin", "--csv", folder["out.csv"]);
        waiting.StandardInput.Write($"{listed[0]}\n");
        waiting.StandardInput.Flush();
        Assert.IsTrue(SpinWait.SpinUntil(() => Directory.GetFileSystemEntries(folder.Path).Length > before.Length, TimeSpan.FromSeconds(30)));
        CliRunner.Signal(waiting, "INT");
        Assert.AreEqual(130, CliRunner.Finish(waiting).ExitCode);
        CollectionAssert.AreEquivalent(before, Directory.GetFileSystemEntries(folder.Path));

        Assert.Contains("Name images", CliRunner.Fails(2, "predict", folder["model.onnx"]));
        Assert.Contains("--output", CliRunner.Fails(2, "predict", folder["model.onnx"], "x.png", "--csv", folder["a.csv"], "-o", folder["b.csv"]));
    }

    [TestMethod]
    public void Bench_InfersModelsSideBySide_AndPredictsBesideTheBareCall()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["a.onnx"]);
        TestModels.Classifier(seed: 2).Save(folder["b.onnx"]);
        var infer = CliRunner.Run(
            "bench", "infer", folder["a.onnx"], folder["b.onnx"], "--device", "cpu", "--threads", "0,1", "--batch", "1,3", "--window", "0.02", "--scenario", "offline",
            "--json", "--csv", folder["runs.csv"]);
        Assert.AreEqual(0, infer.ExitCode, infer.Error);
        using (var figures = JsonDocument.Parse(infer.Output.TrimEnd().Split('\n')[^1]))
        {
            Assert.AreEqual(2 * 2 * 2 * 2, figures.RootElement.GetProperty("runs").GetArrayLength());
            Assert.AreEqual(2 * 2, figures.RootElement.GetProperty("scenarios").GetArrayLength());
        }

        Assert.HasCount(1 + 16, File.ReadAllLines(folder["runs.csv"]));
        TestImages.WriteClassFolders(folder["images"], classes: 1, perClass: 2);
        var predict = CliRunner.Run("bench", "predict", folder["a.onnx"], folder["images"], "--batch", "2", "--window", "0.02", "--json");
        Assert.AreEqual(0, predict.ExitCode, predict.Error);
        using (var figures = JsonDocument.Parse(predict.Output.TrimEnd().Split('\n')[^1]))
        {
            Assert.IsGreaterThan(0, figures.RootElement.GetProperty("pipeline_to_session_ratio").GetDouble());
        }

        Assert.Contains("takes no files", CliRunner.Fails(2, "bench", "synth", "x"));
        Assert.Contains("only bench infer takes several", CliRunner.Fails(2, "bench", "predict", folder["a.onnx"], "--threads", "1,2"));
        Assert.Contains("'sometimes' is none", CliRunner.Fails(2, "bench", "infer", folder["a.onnx"], "--io", "sometimes"));
        Assert.Contains("at least 1", CliRunner.Fails(2, "bench", "infer", folder["a.onnx"], "--batch", "0"));
    }

    [TestMethod]
    public void BackboneInspect_ShowsLayersHeadAndTheNextCommand()
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier("resnet-micro");
        model.Proto.MetadataProps.Clear();
        model.Save(folder["foreign.onnx"]);
        var text = CliRunner.Run("backbone", "inspect", folder["foreign.onnx"]);
        Assert.AreEqual(0, text.ExitCode, text.Error);
        Assert.Contains("fc/Gemm", text.Output);
        Assert.Contains($"onefractal finetune DATA --backbone {folder["foreign.onnx"]}", text.Output);

        var larger = CliRunner.Run("backbone", "inspect", folder["foreign.onnx"], "--size", "48");
        Assert.AreEqual(0, larger.ExitCode, larger.Error);
        Assert.Contains("3, 48, 48]", larger.Output);
        Assert.Contains("--size 48", larger.Output);

        var json = CliRunner.Run("backbone", "inspect", folder["foreign.onnx"], "--json");
        using var report = JsonDocument.Parse(json.Output);
        var graph = report.RootElement.GetProperty("graph");
        Assert.AreEqual(Backbone.CountParameters(TestModels.Classifier("resnet-micro")), graph.GetProperty("trains").GetProperty("values").GetInt64());
        Assert.AreEqual(model.Graph.Node.Count, graph.GetProperty("layers").GetArrayLength());
        Assert.AreEqual(0, report.RootElement.GetProperty("unsupported").GetArrayLength());
        Assert.Contains("no node or value called 'x'", CliRunner.Fails(2, "backbone", "inspect", folder["foreign.onnx"], "--head-at", "x"));
        Assert.Contains("not a number", CliRunner.Fails(2, "finetune", "photos", "--backbone", folder["foreign.onnx"], "--mean", "a,b"));
    }

    [TestMethod]
    public void Export_WritesATrainStep_AndTheModelInIt()
    {
        using var folder = new TempFolder();
        TestModels.Features().Save(folder["backbone.onnx"]);
        var export = CliRunner.Run(
            "export", folder["backbone.onnx"], "--train-step", "--labels", "cat,dog", "--batch", "4", "--opt", "sgd", "--momentum", "0.5", "-o", folder["step.onnx"]);
        Assert.AreEqual(0, export.ExitCode, export.Error);
        Assert.Contains("targets float[4, 2]", export.Output);
        using var sidecar = JsonDocument.Parse(File.ReadAllText(folder["step.json"]));
        Assert.Contains("momentum: 0.5", sidecar.RootElement.GetProperty("train_step").GetProperty("recipe").GetString()!);

        Assert.AreEqual(0, CliRunner.Run("export", folder["step.onnx"], "-o", folder["w.safetensors"]).ExitCode);
        var back = CliRunner.Run("export", folder["step.onnx"], "--weights", folder["w.safetensors"], "-o", folder["model.onnx"]);
        Assert.AreEqual(0, back.ExitCode, back.Error);
        Assert.Contains("logits float[batch, 2]", back.Output);

        var before = Directory.GetFileSystemEntries(folder.Path);
        string[] step = ["export", folder["backbone.onnx"], "--train-step", "-o", folder["no.onnx"]];
        Assert.Contains("--labels", CliRunner.Fails(2, step));
        Assert.Contains("not both", CliRunner.Fails(2, [.. step, "--labels", "a,b", "--classes", "2"]));
        Assert.Contains("2 to 65536", CliRunner.Fails(2, [.. step, "--classes", "2", "--batch", "1"]));
        Assert.Contains("--features", CliRunner.Fails(2, [.. step, "--classes", "2", "--features"]));
        Assert.Contains("leave --head-at", CliRunner.Fails(2, [.. step, "--classes", "2", "--bgr"]));
        Assert.Contains("ends in .onnx", CliRunner.Fails(2, "export", folder["backbone.onnx"], "--train-step", "--classes", "2", "-o", folder["no.pth"]));
        Assert.Contains("--opt is of a train step", CliRunner.Fails(2, "export", folder["backbone.onnx"], "--opt", "sgd", "-o", folder["no.onnx"]));
        Assert.Contains("which still trains", CliRunner.Fails(2, "export", folder["step.onnx"], "--train-step", "-o", folder["step.onnx"]));
        CollectionAssert.AreEquivalent(before, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void Export_WritesPrecisionsAndBundles_AndTablesThem()
    {
        using var folder = new TempFolder();
        TestModels.Classifier().Save(folder["trained.onnx"]);
        TestImages.WriteClassFolders(folder["images"], classes: 2, perClass: 2);
        var export = CliRunner.Run(
            "export", folder["trained.onnx"], "-o", folder["m.onnx"], "--precision", "fp16,int8-static", "--images", folder["images"], "--opset", "13", "--batch", "2");
        Assert.AreEqual(0, export.ExitCode, export.Error);
        Assert.Contains("Beside fp32, on 4 images of", export.Output);
        Assert.Contains("| fp32, not written |", export.Output);
        CollectionAssert.AreEquivalent(
            new[] { "m.fp16.onnx", "m.int8-static.onnx", "m.json", "trained.onnx" }, Directory.GetFiles(folder.Path).Select(Path.GetFileName).ToArray());

        var bundle = CliRunner.Run("export", folder["trained.onnx"], "-o", folder["models", "m"], "--for", "triton", "--embed-preprocessing", "--softmax");
        Assert.AreEqual(0, bundle.ExitCode, bundle.Error);
        Assert.Contains("config.pbtxt, 1/model.onnx, labels.txt", bundle.Output);
        Assert.Contains("pixels uint8[batch, height, width, 3]", bundle.Output);

        string[] start = ["export", folder["trained.onnx"], "-o", folder["no.onnx"]];
        Assert.Contains("--tokens and --softmax are different outputs", CliRunner.Fails(2, [.. start, "--tokens", "--softmax"]));
        Assert.Contains("neither 'dynamic' nor a number", CliRunner.Fails(2, [.. start, "--size", "big"]));
        Assert.Contains("--opset is of a deployment file", CliRunner.Fails(2, "export", folder["trained.onnx"], "-o", folder["w.pth"], "--opset", "13"));
        Assert.Contains("--stages is of a deployment file", CliRunner.Fails(2, [.. start, "--train-step", "--stages"]));
        Assert.IsFalse(File.Exists(folder["no.onnx"]));
    }

    [TestMethod]
    public void WhatCannotBe_IsOneLine()
    {
        using var folder = new TempFolder();
        TestModels.Features().Save(folder["backbone.onnx"]);
        File.WriteAllText(folder["text.onnx"], "text");
        Assert.Contains("fine-tune it first", CliRunner.Fails(1, "predict", folder["backbone.onnx"], folder.Path));
        Assert.Contains("not an ONNX model", CliRunner.Fails(1, "predict", folder["text.onnx"], "x.png"));
        Assert.Contains("not an ONNX model", CliRunner.Fails(1, "verify", folder["text.onnx"]));
        Assert.Contains("does not exist", CliRunner.Fails(1, "verify", folder["none.onnx"]));
        Assert.Contains("-o", CliRunner.Fails(2, "export", folder["backbone.onnx"]));
        Assert.Contains("are of --for web", CliRunner.Fails(2, "export", folder["backbone.onnx"], "-o", folder["m.onnx"], "--install"));
        Assert.Contains("--batch", CliRunner.Fails(2, "export", folder["backbone.onnx"], "-o", folder["m.onnx"], "--batch", "many"));
        Assert.Contains("one of --csv and --json", CliRunner.Fails(2, "predict", folder["backbone.onnx"], "x.png", "--csv", "a.csv", "--json"));
        CollectionAssert.AreEquivalent(new[] { folder["backbone.onnx"], folder["text.onnx"] }, Directory.GetFileSystemEntries(folder.Path));
    }
}
