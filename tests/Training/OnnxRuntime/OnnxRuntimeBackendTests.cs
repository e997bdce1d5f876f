using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Common;
using OneFractal.Export;
using OneFractal.Export.Onnx;
using OneFractal.Training;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Tests.Training.OnnxRuntime;

/// <summary>Training on stock ONNX Runtime against training on TorchSharp. Torch's random generator is one for the process, so these do not run beside others.</summary>
[TestClass]
[DoNotParallelize]
public sealed class OnnxRuntimeBackendTests
{
    private const int Classes = 5;

    [TestMethod]
    [DataRow("vit-nano", 32, 6)]
    [DataRow("vit-micro", 32, 4)]
    [DataRow("vit-tiny", 64, 4)]
    [DataRow("resnet-micro", 32, 6)]
    [DataRow("resnet18", 64, 4)]
    [DataRow("swin", 32, 4)]
    [DataRow("pvt-v2-b0", 64, 4)]
    [DataRow("mixer-s16", 32, 4)]
    public void GradientsAndStatistics_EqualTorchSharps(string name, int size, int rows)
    {
        var model = MakeModel(name, size);
        // After one step from nothing, the momentum is the gradient.
        var recipe = new TrainingRecipe { BatchSize = rows, Optimizer = OptimizerKind.Sgd, WeightDecay = 0, ClipGradient = 0 };
        using var onnx = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        using var torch = new TorchSharpBackend(model, recipe, ComputeDevice.Cpu);
        var (actual, expected) = (Step(onnx, model, rows, 0), Step(torch, model, rows, 0));
        Assert.AreEqual(expected.Loss, actual.Loss, 1e-5 * expected.Loss);
        Assert.AreEqual(expected.GradientNorm, actual.GradientNorm, 1e-4 * expected.GradientNorm);
        Assert.AreEqual(expected.Correct, actual.Correct);
        AssertSameState(torch.SaveState(), onnx.SaveState(), 1e-4, zero: 1e-6 * expected.GradientNorm);
    }

    [TestMethod]
    [DataRow(OptimizerKind.AdamW, 0.0, 1.0)]
    [DataRow(OptimizerKind.AdamW, 0.9, 0.7)]
    [DataRow(OptimizerKind.Sgd, 0.9, 0.7)]
    public void Steps_EqualTorchSharps_WithDecayClippingAndAverages(OptimizerKind optimizer, double ema, double layerDecay)
    {
        var model = MakeModel("vit-nano", 32);
        var recipe = new TrainingRecipe
        {
            BatchSize = 6, Optimizer = optimizer, WeightDecay = 0.2, ClipGradient = 1, EmaDecay = ema, LayerDecay = layerDecay, LearningRate = 0.01,
        };
        using var onnx = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        using var torch = new TorchSharpBackend(model, recipe, ComputeDevice.Cpu);
        for (var step = 0; step < 4; step++)
        {
            var (actual, expected) = (Step(onnx, model, 6, step), Step(torch, model, 6, step));
            Assert.AreEqual(expected.Loss, actual.Loss, 1e-4 * expected.Loss);
        }

        AssertSameState(torch.SaveState(), onnx.SaveState(), 1e-3);
        var (logits, expectedLogits) = (new float[6 * Classes], new float[6 * Classes]);
        onnx.Evaluate(Pixels(model, 6, 9), logits);
        torch.Evaluate(Pixels(model, 6, 9), expectedLogits);
        for (var i = 0; i < logits.Length; i++)
        {
            Assert.AreEqual(expectedLogits[i], logits[i], 1e-3f);
        }

        var (mine, others) = (onnx.Export(), torch.Export());
        foreach (var parameter in model.TrainableNames!)
        {
            Assert.IsLessThanOrEqualTo(1e-3, RelativeError(mine.FindInitializer(parameter)!.ToFloats(), others.FindInitializer(parameter)!.ToFloats()), parameter);
        }
    }

    [TestMethod]
    public void LossCurves_AgreeForAHundredSteps()
    {
        var model = MakeModel("vit-nano", 32);
        var recipe = new TrainingRecipe { BatchSize = 8 };
        using var onnx = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        using var torch = new TorchSharpBackend(model, recipe, ComputeDevice.Cpu);
        for (var step = 0; step < 100; step++)
        {
            // Ten batches, over and over.
            var (actual, expected) = (Step(onnx, model, 8, step % 10, step), Step(torch, model, 8, step % 10, step));
            Assert.AreEqual(expected.Loss, actual.Loss, 1e-3, $"Step {step}");
        }
    }

    [TestMethod]
    public void Checkpoint_ResumesOnTheOtherBackend()
    {
        var model = MakeModel("resnet-micro", 32);
        var recipe = new TrainingRecipe { BatchSize = 6, EmaDecay = 0.5 };
        using var onnx = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        using var torch = new TorchSharpBackend(model, recipe, ComputeDevice.Cpu);
        Step(onnx, model, 6, 0);
        torch.RestoreState(onnx.SaveState());
        var (a, b) = (Step(onnx, model, 6, 1), Step(torch, model, 6, 1));
        Assert.AreEqual(b.Loss, a.Loss, 1e-4 * b.Loss);
        onnx.RestoreState(torch.SaveState());
        (a, b) = (Step(onnx, model, 6, 2), Step(torch, model, 6, 2));
        Assert.AreEqual(b.Loss, a.Loss, 1e-4 * b.Loss);
        using var other = new OnnxRuntimeBackend(model, recipe with { EmaDecay = 0 }, ComputeDevice.Cpu);
        StringAssert.Contains(Assert.ThrowsExactly<TrainingException>(() => onnx.RestoreState(other.SaveState())).Message, "ema.");
    }

    [TestMethod]
    public void RestoredState_GoesOnBitForBit()
    {
        var model = MakeModel("resnet-micro", 32);
        var recipe = new TrainingRecipe { BatchSize = 6, EmaDecay = 0.5 };
        using var whole = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        AssertSameState(InitialState(model), whole.SaveState().Where(s => model.FindInitializer(s.Key) is not null).ToDictionary(), 0);
        Step(whole, model, 6, 0);
        var saved = whole.SaveState();
        var values = saved.ToDictionary(s => s.Key, s => s.Value.ToFloats());
        using var resumed = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
        resumed.RestoreState(saved);
        for (var step = 1; step < 4; step++)
        {
            Assert.AreEqual(Step(whole, model, 6, step), Step(resumed, model, 6, step));
        }

        AssertSameState(whole.SaveState(), resumed.SaveState(), 0);
        Assert.IsTrue(values.All(v => v.Value.SequenceEqual(saved[v.Key].ToFloats())), "What was saved is a copy, which later steps do not reach.");
        Assert.AreNotEqual(0, RelativeError(resumed.SaveState()["conv1.weight"].ToFloats(), values["conv1.weight"]));
    }

    [TestMethod]
    public void AStepThatIsNoNumber_LeavesTheStateAsItWas()
    {
        var model = MakeModel("vit-nano", 32);
        using var backend = new OnnxRuntimeBackend(model, new TrainingRecipe { BatchSize = 4 }, ComputeDevice.Cpu);
        Step(backend, model, 4, 0);
        var before = backend.SaveState();
        var pixels = Pixels(model, 4, 1);
        pixels[5] = float.NaN;
        Assert.AreEqual(double.NaN, backend.TrainStep(pixels, Targets(4, 1), new StepSettings(1, 1e-3, 1)).Loss);
        AssertSameState(before, backend.SaveState(), 0);
        Assert.IsTrue(double.IsFinite(Step(backend, model, 4, 1).Loss));
    }

    [TestMethod]
    public void WhatHasNoGradientRule_IsRefusedByName_BeforeItTrains()
    {
        var g = new GraphBuilder("einsum");
        var images = g.Input("images", DataType.Float, "batch", 3, 4, 4);
        var weight = g.Parameter("weight", [Classes, 3], (_, _, values) => values.Fill(1));
        g.Output(g.Relu(g.Node("Einsum", [images, weight], ("equation", "bchw,kc->bk"))));
        var model = g.Build();
        var e = Assert.ThrowsExactly<ModelException>(() => new OnnxRuntimeBackend(model, new TrainingRecipe { BatchSize = 2 }, ComputeDevice.Cpu));
        Assert.AreEqual("'einsum': no gradient rule on ONNX Runtime for Einsum 'Einsum'. Use --backend torchsharp.", e.Message);
    }

    [TestMethod]
    public void DropPath_IsAFunctionOfTheSeed()
    {
        var model = MakeModel("vit-nano", 32);
        var recipe = new TrainingRecipe { BatchSize = 6, DropPath = 0.5 };
        double Loss(ulong seed)
        {
            using var backend = new OnnxRuntimeBackend(model, recipe, ComputeDevice.Cpu);
            return backend.TrainStep(Pixels(model, 6, 0), Targets(6, 0), new StepSettings(0, 1e-3, seed)).Loss;
        }

        Assert.AreEqual(Loss(1UL << 40), Loss(1UL << 40));
        Assert.AreNotEqual(Loss(1UL << 40), Loss(2UL << 40));
    }

    [TestMethod]
    public void RandomNumbers_AreUniformAndIndependent()
    {
        const int Count = 1 << 16;
        var g = new GraphBuilder("random");
        var seed = g.Input("seed", DataType.Int64);
        g.Output("a", RandomNumbers.Uniform(g, seed, 0, [Count]));
        g.Output("b", RandomNumbers.Uniform(g, seed, 1, [Count]));
        using var session = new InferenceSession(g.Build().Proto.ToByteArray());
        using var options = new RunOptions();
        float[][] Draw(long value)
        {
            using var input = OrtValue.CreateTensorValueFromMemory(new[] { value }, []);
            using var results = session.Run(options, ["seed"], [input], ["a", "b"]);
            return [.. results.Select(r => r.GetTensorDataAsSpan<float>().ToArray())];
        }

        var (first, second) = (Draw(12345), Draw(12346));
        foreach (var (x, y) in ((float[], float[])[])[(first[0], first[1]), (first[0], second[0]), (first[0][..^1], first[0][1..]), (first[0][..^7], first[0][7..])])
        {
            // Standard deviations: 1/√(12·n) of a mean, 1/√n of a correlation.
            var deviation = 1 / Math.Sqrt(x.Length);
            Assert.AreEqual(0.5, x.Average(), 4 * deviation / Math.Sqrt(12));
            Assert.AreEqual(0, 12 * x.Zip(y, (p, q) => (p - 0.5) * (q - 0.5)).Average(), 4 * deviation);
        }

        var cells = first[0].GroupBy(v => Math.Min(63, (int)(64 * v))).Select(c => c.Count()).ToArray();
        Assert.HasCount(64, cells);
        // Chi squared with 63 degrees of freedom: mean 63, standard deviation 11.
        Assert.IsLessThan(63 + 4 * 11.3, cells.Sum(c => Math.Pow(c - Count / 64.0, 2) / (Count / 64.0)));
        CollectionAssert.AreEqual(first[0], Draw(12345)[0]);
    }

    private static OnnxModel MakeModel(string name, int size)
    {
        var backbone = name == "swin" ? SmallSwin(size) : Backbone.Create(name, seed: 1, imageSize: size);
        var model = Backbone.WithHead(backbone, [.. Enumerable.Range(0, Classes).Select(i => $"{i}")]);
        // Fresh biases are 0 and norms 0 or 1: spread all values so that no term of a formula can be missed.
        var random = new RandomStream(99);
        foreach (var tensor in model.Graph.Initializer.Where(t => model.TrainableNames!.Contains(t.Name)))
        {
            tensor.SetFloats([.. tensor.ToFloats().Select(v => v + (float)(0.05 * random.NextGaussian()))]);
        }

        return model;
    }

    private static Dictionary<string, TensorProto> InitialState(OnnxModel model)
    {
        var names = model.TrainableNames!.Concat(model.RunningStatistics).ToHashSet();
        return model.Graph.Initializer.Where(t => names.Contains(t.Name)).ToDictionary(t => t.Name);
    }

    /// <summary>swin-tiny takes 224 pixels at least: the same network with smaller windows, shifted ones, merged patches and all.</summary>
    private static OnnxModel SmallSwin(int size)
    {
        return SwinTransformer.Build(new SwinTransformerVariant("swin", "swin", size, PatchSize: 2, Window: 4, Width: 24, Depths: [2, 2, 1], Heads: [2, 3, 6]), 1);
    }

    private static StepResult Step(ITrainingBackend backend, OnnxModel model, int rows, int data, int? step = null)
    {
        return backend.TrainStep(Pixels(model, rows, data), Targets(rows, data), new StepSettings(step ?? data, 1e-3, 1));
    }

    private static float[] Targets(int rows, int data)
    {
        var targets = new float[rows * Classes];
        Array.Fill(targets, 0.02f);
        for (var row = 0; row < rows; row++)
        {
            targets[row * Classes + (row * 3 + data) % Classes] = 0.92f;
        }

        return targets;
    }

    private static float[] Pixels(OnnxModel model, int rows, int data)
    {
        var random = new RandomStream((ulong)(data + 1));
        var p = model.Metadata!.Preprocessing;
        return [.. Enumerable.Range(0, rows * 3 * p.Height * p.Width).Select(_ => (float)random.NextGaussian())];
    }

    /// <summary>
    /// Each value within a relative error. What is nothing but rounding is nothing in both: the norms that follow take out what Mixer's token biases add,
    /// so that their gradient is 0.
    /// </summary>
    private static void AssertSameState(
        IReadOnlyDictionary<string, TensorProto> expected, IReadOnlyDictionary<string, TensorProto> actual, double tolerance, double zero = 0)
    {
        CollectionAssert.AreEquivalent(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var (name, tensor) in expected)
        {
            var (a, b) = (actual[name].ToFloats(), tensor.ToFloats());
            Assert.IsTrue(Norm(b) < zero ? Norm(a) < zero : RelativeError(a, b) <= tolerance, $"{name}: {Norm(b)} against {Norm(a)}, off by {RelativeError(a, b)}");
        }
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));

    /// <summary>‖a − b‖ / ‖b‖.</summary>
    private static double RelativeError(float[] a, float[] b)
    {
        return Math.Sqrt(a.Zip(b, (x, y) => Math.Pow((double)x - y, 2)).Sum() / (b.Sum(v => (double)v * v) + 1e-30));
    }
}
