using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Common;
using OneFractal.Evaluation;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Inference;
using OneFractal.Tests.JavaScript;
using OneFractal.Training;

namespace OneFractal.Tests.Training.OnnxRuntime;

/// <summary>The file of a train step, run by bindings of ONNX Runtime that know nothing of OneFractal, against the backend on the same data.</summary>
[TestClass]
public sealed class TrainStepFileTests
{
    private const int Batch = 4, Batches = 5;

    [TestMethod]
    [DataRow("vit-nano", OptimizerKind.AdamW, 0.2, 0.9)]
    [DataRow("resnet-micro", OptimizerKind.Sgd, 0.0, 0.0)]
    public void TrainedByJavaScript_AsByTheBackend(string name, OptimizerKind optimizer, double dropPath, double ema)
    {
        const int Steps = 20;
        using var folder = new TempFolder();
        TestModels.Classifier(name).Save(folder["classifier.onnx"]);
        var recipe = new TrainingRecipe { BatchSize = Batch, Optimizer = optimizer, DropPath = dropPath, EmaDecay = ema };
        TrainStepExport.Run(new TrainStepSettings { Model = folder["classifier.onnx"], Recipe = recipe }, folder["step.onnx"]);
        var (pixels, targets) = MakeData();
        File.WriteAllBytes(folder["images"], MemoryMarshal.AsBytes(pixels.AsSpan()));
        File.WriteAllBytes(folder["targets"], MemoryMarshal.AsBytes(targets.AsSpan()));
        var run = NodeJs.Run("train.mjs", folder["step.onnx"], folder["images"], folder["targets"], $"{Steps}", folder["trained.safetensors"]);
        Assert.AreEqual(0, run.ExitCode, run.Error);
        double[] losses = [.. run.Output.TrimEnd().Split('\n').Select(l => double.Parse(l, CultureInfo.InvariantCulture))];
        Assert.HasCount(Steps, losses);

        using var backend = new OnnxRuntimeBackend(OnnxModel.Load(folder["classifier.onnx"]), recipe, ComputeDevice.Cpu);
        for (var step = 0; step < Steps; step++)
        {
            Assert.AreEqual(Step(backend, pixels, targets, step).Loss, losses[step], 1e-4, $"Step {step}");
        }

        // What the script trained goes back into the classifier.
        ModelExport.Run(folder["step.onnx"], folder["trained.onnx"], new ModelExportSettings { Weights = folder["trained.safetensors"] });
        using var trained = ModelRunner.Load(folder["trained.onnx"], new SessionSettings { Device = ComputeDevice.Cpu });
        CollectionAssert.AreEqual(TestModels.Labels, trained.Metadata!.Labels.ToArray());
        float[] actual = new float[Batch * TestModels.Labels.Length], expected = new float[actual.Length];
        trained.Run(pixels.AsMemory(0, Batch * trained.ImageLength), Batch, actual);
        backend.Evaluate(pixels.AsSpan(0, Batch * trained.ImageLength), expected);
        for (var i = 0; i < actual.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-3f);
        }
    }

    [TestMethod]
    public void TheFile_BeginsWithItsOwnWeights_AndGoesOnWithWhatItIsFed()
    {
        using var folder = new TempFolder();
        var model = TestModels.Classifier("resnet-micro");
        var recipe = new TrainingRecipe { BatchSize = Batch, EmaDecay = 0.5 };
        // With its weights in another file, as a model of more than 2 GiB has them.
        TrainStepFile.Create(model, recipe).Save(folder["step.onnx"], inlineLimit: 1 << 16);
        Assert.IsTrue(File.Exists(folder["step.onnx.data"]));
        using var backend = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        using var session = new InferenceSession(folder["step.onnx"]);
        var (pixels, targets) = MakeData();
        string[] state = [.. session.InputNames.Where(n => session.OutputNames.Contains($"next.{n}"))];
        CollectionAssert.AreEquivalent(backend.SaveState().Keys.ToArray(), state);
        // Neither parameters nor averages are read in the first step, and later the file's are not.
        var values = state.ToDictionary(n => n, n => Filled(session, n, n.StartsWith("optimizer.", StringComparison.Ordinal) ? 0 : 1e3f));
        for (var step = 0; step < 3; step++)
        {
            using var results = Run(session, values, pixels, targets, step);
            Assert.AreEqual(Step(backend, pixels, targets, step).Loss, results[0].GetTensorDataAsSpan<float>()[0], 1e-6, $"Step {step}");
            for (var i = 0; i < state.Length; i++)
            {
                values[state[i]] = results[i + 1].GetTensorDataAsSpan<float>().ToArray();
            }
        }

        var saved = backend.SaveState();
        foreach (var (name, value) in values)
        {
            var difference = saved[name].ToFloats().Zip(value, (a, b) => Math.Abs(a - b)).Max();
            Assert.IsLessThanOrEqualTo(1e-5f, difference, name);
        }
    }

    [TestMethod]
    public void TheFile_SaysWhatIsFed_AndGivesItsModelBack()
    {
        using var folder = new TempFolder();
        TestModels.Features().Save(folder["backbone.onnx"]);
        var settings = new TrainStepSettings { Model = folder["backbone.onnx"], Labels = ["Katze", "狗", "c"], Recipe = new TrainingRecipe { BatchSize = 2, EmaDecay = 0.9 } };
        var report = TrainStepExport.Run(settings, folder["out", "step.onnx"]);
        CollectionAssert.AreEquivalent(new[] { folder["out", "step.onnx"], folder["out", "step.json"] }, Directory.GetFiles(folder["out"]));
        CollectionAssert.AreEqual(
            new[] { "images float[2, 3, 32, 32]", "learning_rate float[]", "step int64[]", "seed int64[]", "targets float[2, 3]", "restart bool[]" }.Order().ToArray(),
            report.Inputs.Order().ToArray());

        using var sidecar = JsonDocument.Parse(File.ReadAllText(report.Sidecar));
        Assert.AreEqual("狗", sidecar.RootElement.GetProperty("label_names")[1].GetString());
        Assert.AreEqual(32, sidecar.RootElement.GetProperty("pretrained_cfg").GetProperty("input_size")[2].GetInt32());
        var step = sidecar.RootElement.GetProperty("train_step");
        Assert.AreEqual(2, step.GetProperty("batch").GetInt32());
        CollectionAssert.AreEquivalent(report.Inputs.Select(i => i.Split(' ')[0]).ToArray(), step.GetProperty("inputs").EnumerateObject().Select(p => p.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "loss", "correct", "gradient_norm" }.Order().ToArray(), step.GetProperty("outputs").EnumerateObject().Select(p => p.Name).Order().ToArray());
        Assert.AreEqual(report.StateTensors, step.GetProperty("state").GetArrayLength());
        var file = OnnxModel.Load(report.Path);
        foreach (var pair in step.GetProperty("state").EnumerateArray())
        {
            var begins = pair.GetProperty("begins_with").GetString()!;
            Assert.IsTrue(file.Graph.Input.Any(i => i.Name == pair.GetProperty("input").GetString()));
            Assert.IsTrue(file.Graph.Output.Any(o => o.Name == pair.GetProperty("output").GetString()));
            Assert.AreEqual(pair.GetProperty("input").GetString()!.StartsWith("optimizer.", StringComparison.Ordinal), begins == "zeros");
            Assert.IsTrue(begins == "zeros" || file.FindInitializer(begins) is not null, begins);
        }

        // The model in it is the backbone with its head, and trains as any other: with another recipe, for one.
        var model = TrainStepFile.LoadModel(report.Path);
        CollectionAssert.AreEqual(settings.Labels.ToArray(), model.Metadata!.Labels.ToArray());
        var before = OnnxModel.Load(folder["backbone.onnx"]);
        foreach (var name in before.TrainableNames!)
        {
            CollectionAssert.AreEqual(before.FindInitializer(name)!.ToFloats(), model.FindInitializer(name)!.ToFloats(), name);
        }

        TrainStepExport.Run(new TrainStepSettings { Model = report.Path, Recipe = new TrainingRecipe { BatchSize = 3 } }, folder["again.onnx"]);
        Assert.AreEqual(model.Fingerprint(), TrainStepFile.LoadModel(folder["again.onnx"]).Fingerprint());

        // Nor may it read files that lie about.
        File.WriteAllBytes(folder["secret.bin"], new byte[4]);
        var elsewhere = model.Clone();
        var outside = new TensorProto { Name = "outside", DataType = (int)TensorProto.Types.DataType.Float, DataLocation = TensorProto.Types.DataLocation.External };
        outside.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "secret.bin" });
        elsewhere.Graph.Initializer.Add(outside);
        foreach (var damaged in new[] { "AAAA", "", Convert.ToBase64String(elsewhere.Proto.ToByteArray()) })
        {
            file.SetProperty("onefractal.train_step.model", damaged);
            file.Save(folder["damaged.onnx"]);
            Assert.ThrowsExactly<ModelException>(() => TrainStepFile.LoadModel(folder["damaged.onnx"]));
        }
    }

    [TestMethod]
    public void AForeignFile_GetsAHead_AndTrains()
    {
        using var folder = new TempFolder();
        TestModels.Foreign("resnet-micro").Save(folder["foreign.onnx"]);
        var settings = new TrainStepSettings
        {
            Model = folder["foreign.onnx"], Labels = ["a", "b", "c", "d", "e"], Foreign = new ForeignModelSettings { Mean = [0.5f] }, Recipe = new TrainingRecipe { BatchSize = Batch },
        };
        Assert.Contains("--labels", Assert.ThrowsExactly<UsageException>(() => TrainStepFile.Create(settings with { Labels = null })).Message);
        Assert.ThrowsExactly<UsageException>(() => TrainStepFile.Create(settings with { Labels = ["a", "a"] }));
        Assert.ThrowsExactly<UsageException>(() => TrainStepFile.Create(settings with { Recipe = settings.Recipe with { Precision = Precision.BFloat16 } }));
        TrainStepExport.Run(settings, folder["step.onnx"]);
        Assert.AreEqual(0.5f, OnnxModel.Load(folder["step.onnx"]).Metadata!.Preprocessing.Mean[0]);
        using var session = new InferenceSession(folder["step.onnx"]);
        var (pixels, targets) = MakeData();
        string[] state = [.. session.InputNames.Where(n => session.OutputNames.Contains($"next.{n}"))];
        var values = state.ToDictionary(n => n, n => Filled(session, n, 0));
        var losses = new List<float>();
        for (var step = 0; step < 30; step++)
        {
            using var results = Run(session, values, pixels, targets, step, rows: 1);
            losses.Add(results[0].GetTensorDataAsSpan<float>()[0]);
            for (var i = 0; i < state.Length; i++)
            {
                values[state[i]] = results[i + 1].GetTensorDataAsSpan<float>().ToArray();
            }
        }

        // One batch over and over is learnt by heart, down to the smoothing of its targets.
        Assert.IsLessThan(0.6f * losses[0], losses[^1]);
    }

    private static float[] Filled(InferenceSession session, string input, float value)
    {
        var values = new float[session.InputMetadata[input].Dimensions.Aggregate(1, (product, length) => product * length)];
        Array.Fill(values, value);
        return values;
    }

    /// <summary>One step by the plain runtime: the loss, and the next state in the order of <paramref name="state"/>.</summary>
    private static IDisposableReadOnlyCollection<OrtValue> Run(
        InferenceSession session, Dictionary<string, float[]> state, float[] pixels, float[] targets, int step, int rows = Batches)
    {
        OrtValue Floats(string name, float[] values)
        {
            return OrtValue.CreateTensorValueFromMemory(values, [.. session.InputMetadata[name].Dimensions.Select(d => (long)d)]);
        }

        var images = session.InputNames[0];
        var inputs = state.ToDictionary(s => s.Key, s => Floats(s.Key, s.Value));
        inputs[images] = Floats(images, Rows(pixels, step, rows));
        inputs["targets"] = Floats("targets", Rows(targets, step, rows));
        inputs["learning_rate"] = OrtValue.CreateTensorValueFromMemory(new[] { 1e-3f }, []);
        inputs["step"] = OrtValue.CreateTensorValueFromMemory(new[] { (long)step }, []);
        inputs["seed"] = OrtValue.CreateTensorValueFromMemory(new[] { (long)step }, []);
        inputs["restart"] = OrtValue.CreateTensorValueFromMemory(new[] { step == 0 }, []);
        try
        {
            using var options = new RunOptions();
            return session.Run(options, inputs, ["loss", .. state.Keys.Select(n => $"next.{n}")]);
        }
        finally
        {
            foreach (var value in inputs.Values)
            {
                value.Dispose();
            }
        }
    }

    private static StepResult Step(OnnxRuntimeBackend backend, float[] pixels, float[] targets, int step)
    {
        // The graph gets the upper 31 bits of a seed.
        return backend.TrainStep(Rows(pixels, step, Batches), Rows(targets, step, Batches), new StepSettings(step, 1e-3, (ulong)step << 33));
    }

    private static float[] Rows(float[] values, int step, int batches)
    {
        var length = values.Length / Batches;
        return values[(step % batches * length)..(step % batches * length + length)];
    }

    private static (float[] Pixels, float[] Targets) MakeData()
    {
        var classes = TestModels.Labels.Length;
        var targets = new float[Batches * Batch * classes];
        Array.Fill(targets, 0.02f);
        for (var row = 0; row < Batches * Batch; row++)
        {
            targets[row * classes + row * 3 % classes] = 0.92f;
        }

        return (TestModels.Noise(Batches * Batch * 3 * 32 * 32), targets);
    }
}
