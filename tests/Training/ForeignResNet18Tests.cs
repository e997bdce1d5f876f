using System.Reflection;
using OneFractal.Data;
using OneFractal.Data.Transforms;
using OneFractal.Export;
using OneFractal.Inference;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Tests.Training;

/// <summary>ML.NET's ImageNet ResNet-18 (written by CNTK, opset 8, batch 1, no head), as it comes in its NuGet package.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ForeignResNet18Tests
{
    private static readonly string File = typeof(ForeignResNet18Tests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ResNet18").Value!;

    /// <summary>As its preprocessing model says: pixels up to 255, blue first, the mean of ImageNet's photos subtracted.</summary>
    private static readonly ForeignModelSettings Settings = new() { PixelMax = 255, Mean = [123.15f, 115.90f, 103.06f], Bgr = true };

    [TestMethod]
    public void Loads_Trains_SavesBack_AndEqualsOnnxRuntime()
    {
        using var scope = NewDisposeScope();
        using var folder = new TempFolder();
        var original = OnnxModel.Load(File);
        Assert.AreEqual(8, original.Opset);
        var import = ForeignModel.Import(original, Settings);
        var backbone = import.Model;
        Assert.AreEqual(22, backbone.TrainableNames!.Count(n => backbone.FindInitializer(n)!.Dims.Count == 4));
        Assert.HasCount(3 * 22, backbone.TrainableNames!, "A kernel, a scale and a bias for each of 22 convolutions.");
        Assert.HasCount(2 * 22, backbone.RunningStatistics);
        Assert.Contains("batch: was fixed to 1, now any", import.Notes);

        // What goes in the file's own way is what its preprocessing model makes: B, G, R minus the mean.
        var images = FashionMnistImages(backbone.Metadata!.Preprocessing, 2);
        var bgr = new float[images.Length];
        const int Plane = 224 * 224;
        for (var i = 0; i < images.Length; i++)
        {
            bgr[i] = images[i / (3 * Plane) * 3 * Plane + (2 - i / Plane % 3) * Plane + i % Plane];
        }

        var expected = OnOnnxRuntime(original, bgr);
        AssertClose(expected, OnOnnxRuntime(backbone, images));
        AssertClose(expected, OnTorch(backbone, images));

        var classifier = Backbone.WithHead(backbone, TestModels.Labels, seed: 1);
        using var module = new GraphModule(classifier);
        var before = module.Buffers.Entries.Select(e => (e.Name, Value: e.View.clone())).ToArray();
        var weights = module.named_parameters().Select(p => (p.name, p.parameter, Value: p.parameter.detach().clone())).ToArray();
        Assert.HasCount(66 + 2, weights);
        var optimizer = optim.SGD(module.parameters(), 1e-3);
        module.train();
        for (var step = 0; step < 2; step++)
        {
            optimizer.zero_grad();
            nn.functional.cross_entropy(module.call(tensor(images, [2, 3, 224, 224])), tensor(new long[] { 0, 3 })).backward();
            foreach (var (name, parameter, _) in weights)
            {
                Assert.IsGreaterThan(0f, parameter.grad!.abs().max().item<float>(), name);
            }

            optimizer.step();
        }

        Assert.IsTrue(weights.All(w => !w.parameter.Equals(w.Value)), "Every weight moved.");
        foreach (var ((name, value), (_, now)) in before.Zip(module.Buffers.Entries))
        {
            Assert.IsFalse(now.requires_grad, name);
            Assert.IsFalse(now.Equals(value), $"{name} moves in training.");
        }

        var moved = module.Buffers.Entries.Select(e => e.View.clone()).ToArray();
        module.eval();
        using (no_grad())
        {
            module.call(tensor(images, [2, 3, 224, 224]));
        }

        Assert.IsTrue(moved.Zip(module.Buffers.Entries).All(p => p.First.Equals(p.Second.View)), "Evaluation leaves the statistics.");
        module.ToOnnx().Save(folder["tuned.onnx"]);
        var reloaded = OnnxModel.Load(folder["tuned.onnx"]);
        AssertClose(OnOnnxRuntime(reloaded, images), OnTorch(reloaded, images));
        Assert.AreNotEqual(expected[0], OnOnnxRuntime(ClassificationHead.Detach(reloaded), images)[0], "It learnt.");
    }

    /// <summary>Opset 8 has neither the operators nor the forms that a train step is made of: the graph is brought to opset 17 first.</summary>
    [TestMethod]
    public void TrainsOnOnnxRuntime_AsOnTorchSharp()
    {
        var classifier = Backbone.WithHead(ForeignModel.Import(OnnxModel.Load(File), Settings).Model, TestModels.Labels, seed: 1);
        // The flat areas of enlarged Fashion-MNIST leave batch statistics of two images so little variance that they amplify rounding a thousandfold.
        float[] images = [.. TestModels.Noise(2 * 3 * 224 * 224).Select(v => 50 * v)];
        float[] targets = [.. Enumerable.Range(0, 2 * TestModels.Labels.Length).Select(i => i is 0 or 8 ? 1f : 0f)];
        var recipe = new TrainingRecipe { BatchSize = 2, Optimizer = OptimizerKind.Sgd, WeightDecay = 0, ClipGradient = 0 };
        using var onnx = new OnnxRuntimeBackend(classifier, recipe, ComputeDevice.Cpu);
        using var torch = new TorchSharpBackend(classifier, recipe, ComputeDevice.Cpu);
        // TorchSharp itself on images that differ in the last bit: a unit of Relu or MaxPool that changes sides moves gradients by 1e-3, which no formulation can avoid.
        using var beside = new TorchSharpBackend(classifier, recipe, ComputeDevice.Cpu);
        beside.TrainStep([.. images.Select(v => v * (1 + 2e-7f))], targets, new StepSettings(0, 1e-3, 1));
        var besides = beside.SaveState();
        for (var step = 0; step < 3; step++)
        {
            var settings = new StepSettings(step, 1e-3, 1);
            var (actual, expected) = (onnx.TrainStep(images, targets, settings), torch.TrainStep(images, targets, settings));
            Assert.AreEqual(expected.Loss, actual.Loss, 1e-4 * expected.Loss, $"step {step}");
            if (step > 0)
            {
                continue;
            }

            // After one step from nothing, the momentum is the gradient.
            var (mine, others) = (onnx.SaveState(), torch.SaveState());
            CollectionAssert.AreEquivalent(others.Keys.ToArray(), mine.Keys.ToArray());
            foreach (var (name, tensor) in others)
            {
                using var scope = NewDisposeScope();
                var (a, b, c) = (Wide(mine[name].ToFloats()), Wide(tensor.ToFloats()), Wide(besides[name].ToFloats()));
                double Off(Tensor other) => ((other - b).norm() / b.norm()).item<double>();
                Assert.IsLessThanOrEqualTo(1e-4 + Off(c), Off(a), name);
            }

            foreach (var name in classifier.RunningStatistics)
            {
                Assert.IsFalse(mine[name].ToFloats().SequenceEqual(classifier.FindInitializer(name)!.ToFloats()), $"{name} moves.");
            }
        }

        Assert.AreEqual(8, onnx.Export().Opset, "What is written is the graph that came in.");
        static Tensor Wide(float[] values) => tensor(values, dtype: ScalarType.Float64);
    }

    private static float[] FashionMnistImages(Preprocessing preprocessing, int count)
    {
        using var data = Datasets.Open("fashion-mnist", DatasetSplit.Test);
        var transform = new EvaluationTransform(preprocessing);
        var pixels = new float[count * transform.OutputLength];
        for (var i = 0; i < count; i++)
        {
            using var image = data.Load(i);
            transform.Apply(image, new RandomStream(0), pixels.AsSpan(i * transform.OutputLength, transform.OutputLength));
        }

        return pixels;
    }

    private static float[] OnOnnxRuntime(OnnxModel model, float[] images)
    {
        using var runner = ModelRunner.Create(model, new SessionSettings { Device = ComputeDevice.Cpu });
        var count = images.Length / runner.ImageLength;
        var outputs = new float[count * runner.OutputLength];
        runner.Run(images, count, outputs);
        return outputs;
    }

    private static float[] OnTorch(OnnxModel model, float[] images)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var module = new GraphModule(model);
        module.eval();
        return module.call(tensor(images, [images.Length / (3 * 224 * 224), 3, 224, 224])).contiguous().data<float>().ToArray();
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        Assert.IsGreaterThan(0.1f, expected.Max() - expected.Min());
        var scale = Math.Max(1, expected.Max(Math.Abs));
        Assert.IsLessThanOrEqualTo(1e-4f * scale, expected.Zip(actual).Max(p => Math.Abs(p.First - p.Second)));
    }
}
