using OneFractal.Common;
using OneFractal.Export;
using OneFractal.Training;

namespace OneFractal.Tests.Training;

/// <summary>Steps of the backend. Torch's random generator is one for the process, so these do not run beside others.</summary>
[TestClass]
[DoNotParallelize]
public sealed class TorchSharpBackendTests
{
    private const int Classes = 5;
    private const int Rows = 6;
    private static readonly OnnxModel Model = Backbone.WithHead(Backbone.Create("vit-nano", seed: 1), [.. Enumerable.Range(0, Classes).Select(i => $"{i}")]);
    private static readonly TrainingRecipe Recipe = new() { BatchSize = Rows, LearningRate = 1e-3, WeightDecay = 0.1 };

    [TestMethod]
    [DataRow(2)]
    [DataRow(4)]
    [DataRow(6)]
    public void Accumulation_ChangesNothingButRounding(int parts)
    {
        var (whole, wholeResults) = Train(Recipe with { Optimizer = OptimizerKind.Sgd }, 3);
        var (split, splitResults) = Train(Recipe with { Optimizer = OptimizerKind.Sgd, Accumulation = parts }, 3);
        Assert.AreEqual(wholeResults[^1].Loss, splitResults[^1].Loss, 1e-5);
        Assert.AreEqual(wholeResults[^1].GradientNorm, splitResults[^1].GradientNorm, 1e-4);
        Assert.AreEqual(wholeResults[^1].Correct, splitResults[^1].Correct);
        AssertClose(whole, split, 1e-6);
    }

    [TestMethod]
    public void MovingAverage_IsScoredAndSaved_InPlaceOfTheWeights()
    {
        const double Decay = 0.15;
        var average = Weights(Model);
        using var plain = new TorchSharpBackend(Model, Recipe, ComputeDevice.Cpu);
        using var averaging = new TorchSharpBackend(Model, Recipe with { EmaDecay = Decay }, ComputeDevice.Cpu);
        for (var step = 0; step < 3; step++)
        {
            Step(plain, step);
            Step(averaging, step);
            var d = Math.Min(Decay, (1.0 + step) / (10.0 + step));
            foreach (var (name, value) in Weights(plain.Export()))
            {
                average[name] = [.. average[name].Zip(value, (a, v) => (float)(d * a + (1 - d) * v))];
            }
        }

        var saved = averaging.Export();
        AssertClose(average, Weights(saved), 1e-6);
        Assert.IsGreaterThan(1e-4, Difference(Weights(plain.Export()), Weights(saved)), "The average lags behind.");
        using var reloaded = new TorchSharpBackend(saved, Recipe, ComputeDevice.Cpu);
        var (expected, actual) = (new float[Rows * Classes], new float[Rows * Classes]);
        reloaded.Evaluate(Pixels(0), expected);
        averaging.Evaluate(Pixels(0), actual);
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    [DataRow(OptimizerKind.AdamW)]
    [DataRow(OptimizerKind.Sgd)]
    public void State_Restored_GoesOnToTheSameBits(OptimizerKind optimizer)
    {
        var recipe = Recipe with { Optimizer = optimizer, EmaDecay = 0.9, DropPath = 0.3 };
        using var first = new TorchSharpBackend(Model, recipe, ComputeDevice.Cpu);
        Step(first, 0);
        Step(first, 1);
        using var second = new TorchSharpBackend(Model, recipe, ComputeDevice.Cpu);
        second.RestoreState(first.SaveState());
        Step(first, 2);
        Step(second, 2);
        var (expected, actual) = (first.SaveState(), second.SaveState());
        CollectionAssert.AreEquivalent(expected.Keys.ToArray(), actual.Keys.ToArray());
        foreach (var (name, tensor) in expected)
        {
            CollectionAssert.AreEqual(tensor.ToFloats(), actual[name].ToFloats(), name);
        }

        using var other = new TorchSharpBackend(Model, recipe with { EmaDecay = 0 }, ComputeDevice.Cpu);
        using var needsAverage = new TorchSharpBackend(Model, recipe, ComputeDevice.Cpu);
        StringAssert.Contains(Assert.ThrowsExactly<TrainingException>(() => needsAverage.RestoreState(other.SaveState())).Message, "ema.");
    }

    [TestMethod]
    public void BFloat16_StaysCloseToFloat32_AndKeepsFloat32Weights()
    {
        var (single, singleResults) = Train(Recipe with { DropPath = 0.2 }, 4);
        var (half, halfResults) = Train(Recipe with { DropPath = 0.2, Precision = Precision.BFloat16 }, 4);
        for (var step = 0; step < singleResults.Length; step++)
        {
            // bfloat16 has 8 bits: 2⁻⁸ relative in each product.
            Assert.AreEqual(singleResults[step].Loss, halfResults[step].Loss, 0.02 * singleResults[step].Loss);
            Assert.AreEqual(singleResults[step].GradientNorm, halfResults[step].GradientNorm, 0.05 * singleResults[step].GradientNorm);
            Assert.AreNotEqual(singleResults[step].Loss, halfResults[step].Loss, "Something was computed in bfloat16.");
        }

        Assert.IsLessThan(0.05, Difference(single, half));
        var weight = half["blocks.0.mlp.fc1.weight"];
        Assert.IsGreaterThan(weight.Length * 0.9, weight.Count(v => (BitConverter.SingleToInt32Bits(v) & 0xFFFF) != 0), "The weights are float32.");
    }

    private static (Dictionary<string, float[]> Weights, StepResult[] Results) Train(TrainingRecipe recipe, int steps)
    {
        using var backend = new TorchSharpBackend(Model, recipe, ComputeDevice.Cpu);
        StepResult[] results = [.. Enumerable.Range(0, steps).Select(step => Step(backend, step))];
        return (Weights(backend.Export()), results);
    }

    private static StepResult Step(TorchSharpBackend backend, int step)
    {
        var targets = new float[Rows * Classes];
        for (var row = 0; row < Rows; row++)
        {
            targets.AsSpan(row * Classes, Classes).Fill(0.02f);
            targets[row * Classes + (row * 3 + step) % Classes] = 0.92f;
        }

        return backend.TrainStep(Pixels(step), targets, new StepSettings(step, 1e-3, (ulong)(step + 50)));
    }

    private static float[] Pixels(int step)
    {
        var random = new RandomStream((ulong)(step + 1));
        return [.. Enumerable.Range(0, Rows * 3 * 32 * 32).Select(_ => (float)random.NextGaussian())];
    }

    private static Dictionary<string, float[]> Weights(OnnxModel model)
    {
        var names = model.TrainableNames!.ToHashSet();
        return model.Graph.Initializer.Where(t => names.Contains(t.Name)).ToDictionary(t => t.Name, t => t.ToFloats());
    }

    private static void AssertClose(Dictionary<string, float[]> expected, Dictionary<string, float[]> actual, double tolerance)
    {
        Assert.IsLessThanOrEqualTo(tolerance, Difference(expected, actual));
    }

    /// <summary>‖a − b‖ / ‖b‖ over all weights.</summary>
    private static double Difference(Dictionary<string, float[]> a, Dictionary<string, float[]> b)
    {
        var difference = a.Sum(e => e.Value.Zip(b[e.Key], (x, y) => Math.Pow((double)x - y, 2)).Sum());
        return Math.Sqrt(difference / b.Sum(e => e.Value.Sum(v => (double)v * v)));
    }
}
