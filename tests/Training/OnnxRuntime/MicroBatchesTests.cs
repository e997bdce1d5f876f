using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

/// <summary>That a step in parts of its batch, with the class token selected early, is the step of the whole batch.</summary>
[TestClass]
public sealed class MicroBatchesTests
{
    private const int Batch = 8;
    private const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("vit-nano", 32, 2)]
    [DataRow("vit-nano", 32, 4)]
    [DataRow("vit-nano", 32, 8)]
    [DataRow("pvt-v2-b0", 64, 4)]
    [DataRow("mixer-s16", 32, 2)]
    [DataRow("swin-tiny", 224, 2)]
    public void AStepInParts_EqualsTheStepOfTheWholeBatch(string backbone, int size, int parts)
    {
        var model = Backbone.WithHead(Backbone.Create(backbone, seed: 3, size), ["a", "b", "c", "d", "e"]);
        // SGD is linear in the gradients: Adam would make much of rounding where a gradient is nearly 0.
        var recipe = new TrainingRecipe { BatchSize = Batch, Optimizer = OptimizerKind.Sgd, DropPath = 0, EmaDecay = 0.9 };
        var whole = Run(TrainStepGraph.Build(model, recipe, Batch, 1), model);
        var divided = Run(TrainStepGraph.Build(model, recipe, Batch, parts), model);
        CollectionAssert.AreEquivalent(whole.Keys, divided.Keys);
        foreach (var (name, expected) in whole)
        {
            var scale = Math.Max(expected.Max(Math.Abs), 1e-3);
            Assert.IsLessThan(Tolerance, expected.Zip(divided[name], (e, a) => Math.Abs(e - a)).Max() / scale, name);
        }
    }

    [TestMethod]
    public void EveryPartDrawsItsOwnDropPath_AndTheSameSeedTheSame()
    {
        var model = Backbone.WithHead(Backbone.Create("vit-nano", seed: 3), ["a", "b"]);
        var recipe = new TrainingRecipe { BatchSize = Batch, DropPath = 0.5 };
        var step = TrainStepGraph.Build(model, recipe, Batch, 4);
        var (one, again, other) = (Run(step, model, 1), Run(step, model, 1), Run(step, model, 2));
        Assert.AreEqual(one[TrainStepGraph.Loss][0], again[TrainStepGraph.Loss][0]);
        Assert.AreNotEqual(one[TrainStepGraph.Loss][0], other[TrainStepGraph.Loss][0]);

        // The same two images in every part: if all parts drew alike, the loss were that of one part alone.
        var single = Run(TrainStepGraph.Build(model, recipe with { BatchSize = 2 }, 2, 1), model, 1, repeat: 2);
        Assert.AreNotEqual(single[TrainStepGraph.Loss][0], Run(step, model, 1, repeat: 2)[TrainStepGraph.Loss][0], 1e-4f);
    }

    [TestMethod]
    [DataRow("vit-micro", 128, 8)]
    [DataRow("vit-tiny", 8, 4)]
    [DataRow("vit-nano", 4, 1)]
    [DataRow("resnet18", 32, 1)]
    public void ALargeBatchIsDivided_UnlessBatchNormalizationNeedsItWhole(string backbone, int batch, int parts)
    {
        Assert.AreEqual(parts, MicroBatches.Count(Backbone.Create(backbone, seed: 1), batch));
    }

    private static Dictionary<string, float[]> Run(OnnxModel step, OnnxModel model, long seed = 1, int repeat = Batch)
    {
        using var session = new InferenceSession(step.Proto.ToByteArray());
        using var options = new RunOptions();
        var inputs = new Dictionary<string, OrtValue>();
        try
        {
            foreach (var (name, metadata) in session.InputMetadata)
            {
                long[] shape = [.. metadata.Dimensions.Select(d => (long)d)];
                inputs[name] = name switch
                {
                    TrainStepGraph.Step => OrtValue.CreateTensorValueFromMemory([0L], []),
                    TrainStepGraph.Seed => OrtValue.CreateTensorValueFromMemory([seed], []),
                    TrainStepGraph.LearningRate => OrtValue.CreateTensorValueFromMemory([0.1f], []),
                    _ => OrtValue.CreateTensorValueFromMemory(Values(name, shape, model, repeat), shape),
                };
            }

            var results = session.Run(options, inputs, session.OutputNames);
            using (results)
            {
                return session.OutputNames.Zip(results)
                    .Where(p => p.First != TrainStepGraph.Correct)
                    .ToDictionary(p => p.First, p => p.Second.GetTensorDataAsSpan<float>().ToArray());
            }
        }
        finally
        {
            foreach (var value in inputs.Values)
            {
                value.Dispose();
            }
        }
    }

    private static float[] Values(string name, long[] shape, OnnxModel model, int repeat)
    {
        var count = shape.Aggregate(1L, (p, d) => p * d);
        if (model.FindInitializer(name) is { } stored)
        {
            return [.. stored.ToFloats()];
        }

        if (name == TrainStepGraph.Targets)
        {
            return [.. Enumerable.Range(0, (int)count).Select(i => i % shape[1] == i / shape[1] % repeat % shape[1] ? 1f : 0f)];
        }

        if (name != model.Graph.Input[0].Name)
        {
            return new float[count];
        }

        var random = new Random(5);
        float[] images = [.. Enumerable.Range(0, (int)(count / shape[0] * repeat)).Select(_ => (float)random.NextDouble() - 0.5f)];
        return [.. Enumerable.Range(0, (int)count).Select(i => images[i % images.Length])];
    }
}
