using OneFractal.Common;
using OneFractal.Inference;
using OneFractal.Training;

namespace OneFractal.Tests.Training.OnnxRuntime;

/// <summary>The two ways to move parameters: the graph, which every device runs, and the one pass over host memory.</summary>
[TestClass]
public sealed class DeviceOptimizerTests
{
    private const int Steps = 5;
    private const float Tolerance = 2e-6f;

    // More than a piece of the pass, less than a vector, and one element.
    private static readonly (string Name, long[] Shape, long[] GradientShape)[] Parameters =
        [("a.weight", [300, 250], [250 * 300]), ("a.bias", [7], [7]), ("norm.weight", [1], [1]), ("b.weight", [5, 3], [5, 3])];

    [TestMethod]
    [DataRow(OptimizerKind.AdamW, 0.05, 1.0, 0.0)]
    [DataRow(OptimizerKind.AdamW, 0.0, 0.0, 0.99)]
    [DataRow(OptimizerKind.AdamW, 0.3, 1e6, 0.9)]
    [DataRow(OptimizerKind.Sgd, 0.05, 1.0, 0.99)]
    [DataRow(OptimizerKind.Sgd, 0.0, 0.0, 0.0, false)]
    public void OnePass_AndTheGraph_MoveParametersAlike(OptimizerKind optimizer, double decay, double clip, double ema, bool nesterov = true)
    {
        var recipe = new TrainingRecipe { Optimizer = optimizer, WeightDecay = decay, ClipGradient = clip, EmaDecay = ema, Nesterov = nesterov };
        using var memory = new DeviceMemory(ComputeDevice.Cpu);
        using var pass = Make(memory, recipe, asGraph: false);
        using var graph = Make(memory, recipe, asGraph: true);
        CollectionAssert.AreEquivalent(graph.State.Keys.ToArray(), pass.State.Keys.ToArray());
        var before = memory.Read(pass.State["a.weight"]);
        for (var step = 0; step < Steps; step++)
        {
            var squares = 0.0;
            foreach (var (name, gradient) in pass.Gradients)
            {
                var values = Noise(gradient.GetTensorTypeAndShape().Shape, $"{name} {step}");
                memory.Write(gradient, values);
                memory.Write(graph.Gradients[name], values);
                squares += values.Sum(v => (double)v * v);
            }

            Assert.AreEqual(Math.Sqrt(squares), pass.GradientNorm(), 1e-6 * Math.Sqrt(squares));
            foreach (var side in (DeviceOptimizer[])[pass, graph])
            {
                side.Step(new StepSettings(step, 1e-2 / (1 + step), 0), (float)pass.GradientNorm());
            }
        }

        CollectionAssert.AreNotEqual(before, memory.Read(pass.State["a.weight"]));
        foreach (var (name, value) in graph.State)
        {
            var (expected, actual) = (memory.Read(value), memory.Read(pass.State[name]));
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.AreEqual(expected[i], actual[i], Tolerance * Math.Max(1, Math.Abs(expected[i])), $"{name}[{i}]");
            }
        }
    }

    [TestMethod]
    public void Threads_ChangeNoBit()
    {
        using var memory = new DeviceMemory(ComputeDevice.Cpu);
        var results = new List<(double Norm, float[] Values)>();
        foreach (var threads in (int[])[1, 2, 0])
        {
            using var optimizer = Make(memory, new TrainingRecipe(), asGraph: false, threads);
            memory.Write(optimizer.Gradients["a.weight"], Noise([250 * 300], "gradient"));
            var norm = optimizer.GradientNorm();
            optimizer.Step(new StepSettings(0, 1e-2, 0), (float)norm);
            results.Add((norm, memory.Read(optimizer.State["a.weight"])));
        }

        Assert.IsTrue(results.All(r => r.Norm.Equals(results[0].Norm)));
        Assert.IsTrue(results.All(r => r.Values.AsSpan().SequenceEqual(results[0].Values)));
    }

    private static DeviceOptimizer Make(DeviceMemory memory, TrainingRecipe recipe, bool asGraph, int threads = 2)
    {
        var scales = new Dictionary<string, double> { ["a.weight"] = 0.5 };
        var result = new DeviceOptimizer(memory, recipe, Parameters, scales, new SessionSettings { Device = ComputeDevice.Cpu, Threads = threads }, asGraph);
        foreach (var (name, shape, _) in Parameters)
        {
            memory.Write(result.State[name], Noise(shape, name));
        }

        return result;
    }

    private static float[] Noise(long[] shape, string seed) => TestModels.Noise((int)shape.Aggregate(1L, (p, d) => p * d), (ulong)seed.Sum(c => c));
}
