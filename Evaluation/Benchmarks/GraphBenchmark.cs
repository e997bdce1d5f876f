using System.Diagnostics;
using OneFractal.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>
/// Measures what running a network as a graph costs: train steps of the same network, from the same weights, through its ONNX graph and written by hand
/// as an <c>nn.Module</c> with <c>torch.optim.AdamW</c>, taken in turns.
/// </summary>
public static class GraphBenchmark
{
    private const int Classes = 100;
    private const int WarmUp = 3;
    private const int MemorySteps = 3;
    // Both compute the same sums, in orders of their own.
    private const double Tolerance = 1e-3;

    private static readonly Subject[] Subjects =
    [
        new("vit-tiny", ImageSize: 224, Batch: 8, () => new HandWrittenViT(224, 16, 192, 12, 3, Classes)),
        new("resnet18", ImageSize: 64, Batch: 32, () => new HandWrittenResNet18(Classes)),
    ];

    /// <summary>Runs the comparison.</summary>
    /// <param name="steps">Timed steps of each side.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="threads">Threads to compute with; 0 for one per core.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <exception cref="OneFractalException">The two sides do not compute the same.</exception>
    public static IReadOnlyList<GraphBenchmarkResult> Run(
        int steps, ComputeDevice device, int threads, IProgressReporter progress, CancellationToken cancellation = default)
    {
        if (threads > 0)
        {
            set_num_threads(threads);
        }

        var torchDevice = TorchDevices.Resolve(device);
        return [.. Subjects.Select(s => Measure(s, steps, torchDevice, device, progress, cancellation))];
    }

    private static GraphBenchmarkResult Measure(
        Subject subject, int steps, Device torchDevice, ComputeDevice device, IProgressReporter progress, CancellationToken cancellation)
    {
        var recipe = new TrainingRecipe { BatchSize = subject.Batch, ClipGradient = 0 };
        var batch = new Batch(subject);
        GraphSide Graph() => new(new TorchSharpBackend(MakeModel(subject), recipe, device), batch);
        ModuleSide Module() => new(subject.WriteByHand(), MakeModel(subject), recipe, torchDevice, batch);

        using var task = progress.Start($"Training steps of {subject.Name}", 2 * (WarmUp + steps));
        var memory = (Graph: double.PositiveInfinity, Module: double.PositiveInfinity);
        if (PeakMemory.IsKnown && torchDevice.type == DeviceType.CPU)
        {
            // The first side would pay for what the libraries set up once.
            using (var first = Module())
            {
                first.Step(0);
            }

            for (var round = 0; round < 2; round++)
            {
                memory.Graph = Math.Min(memory.Graph, Growth(Graph));
                memory.Module = Math.Min(memory.Module, Growth(Module));
            }
        }

        using var graph = Graph();
        using var module = Module();
        CompareOutputs(subject, graph, module);
        var times = (Graph: new List<double>(), Module: new List<double>());
        for (var step = 0; step < WarmUp + steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            // Who goes second finds the caches as the other left them: each does so every other time.
            if (step % 2 == 0)
            {
                times.Graph.Add(Time(graph, step));
                times.Module.Add(Time(module, step));
            }
            else
            {
                times.Module.Add(Time(module, step));
                times.Graph.Add(Time(graph, step));
            }

            task.Report(2 * (step + 1));
        }

        return new GraphBenchmarkResult(
            subject.Name, subject.ImageSize, subject.Batch, Median(times.Graph.Skip(WarmUp)), Median(times.Module.Skip(WarmUp)),
            double.IsFinite(memory.Graph) ? memory.Graph : null, double.IsFinite(memory.Module) ? memory.Module : null);
    }

    private static OnnxModel MakeModel(Subject subject)
    {
        return Backbone.WithHead(Backbone.Create(subject.Name, seed: 1, subject.ImageSize), [.. Enumerable.Range(0, Classes).Select(i => $"{i}")]);
    }

    private static void CompareOutputs(Subject subject, GraphSide graph, ModuleSide module)
    {
        var (actual, expected) = (graph.Logits(), module.Logits());
        var scale = expected.Max(Math.Abs);
        var difference = actual.Zip(expected, (a, e) => Math.Abs(a - e)).Max();
        if (!(difference <= Tolerance * scale))
        {
            throw new OneFractalException(FormattableString.Invariant(
                $"The graph of {subject.Name} and the network written by hand differ by {difference:0.0e+0} at a scale of {scale:0.0e+0}: they are not the same network."));
        }
    }

    /// <summary>By how many bytes a side's steps make the process grow, at their peak.</summary>
    private static double Growth<TSide>(Func<TSide> make)
        where TSide : ISide
    {
        PeakMemory.Reset();
        var before = PeakMemory.Read();
        using var side = make();
        // What building took and gave back is not the step's.
        PeakMemory.Reset();
        for (var step = 0; step < MemorySteps; step++)
        {
            side.Step(step);
        }

        return PeakMemory.Read() - before;
    }

    private static double Time(ISide side, int step)
    {
        var watch = Stopwatch.StartNew();
        side.Step(step);
        return watch.Elapsed.TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private interface ISide : IDisposable
    {
        /// <summary>One train step, to its end: the loss is read.</summary>
        void Step(int step);
    }

    private sealed record Subject(string Name, int ImageSize, int Batch, Func<nn.Module<Tensor, Tensor>> WriteByHand);

    /// <summary>The images and targets of every step.</summary>
    private sealed class Batch
    {
        public Batch(Subject subject)
        {
            var random = new RandomStream(7);
            Shape = [subject.Batch, 3, subject.ImageSize, subject.ImageSize];
            Pixels = [.. Enumerable.Range(0, (int)Shape.Aggregate(1L, (p, d) => p * d)).Select(_ => (float)random.NextGaussian())];
            Targets = new float[subject.Batch * Classes];
            for (var row = 0; row < subject.Batch; row++)
            {
                Targets[row * Classes + row % Classes] = 1;
            }
        }

        public long[] Shape { get; }

        public float[] Pixels { get; }

        public float[] Targets { get; }
    }

    private sealed class GraphSide(TorchSharpBackend backend, Batch batch) : ISide
    {
        public void Step(int step) => backend.TrainStep(batch.Pixels, batch.Targets, new StepSettings(step, 1e-4, 1));

        public float[] Logits()
        {
            var result = new float[batch.Targets.Length];
            backend.Evaluate(batch.Pixels, result);
            return result;
        }

        public void Dispose() => backend.Dispose();
    }

    private sealed class ModuleSide : ISide
    {
        private readonly nn.Module<Tensor, Tensor> _module;
        private readonly optim.Optimizer _optimizer;
        private readonly Device _device;
        private readonly Batch _batch;

        public ModuleSide(nn.Module<Tensor, Tensor> module, OnnxModel weights, TrainingRecipe recipe, Device device, Batch batch)
        {
            (_module, _device, _batch) = (module, device, batch);
            using (no_grad())
            {
                foreach (var (name, parameter) in _module.named_parameters())
                {
                    var tensor = weights.FindInitializer(name) ?? throw new OneFractalException($"The graph has no parameter '{name}', which the network written by hand has.");
                    using var values = torch.tensor(tensor.ToFloats(), [.. tensor.Dims]);
                    parameter.copy_(values);
                }
            }

            _module.to(device);
            _optimizer = optim.AdamW(_module.parameters(), lr: 1e-4, weight_decay: recipe.WeightDecay);
        }

        public void Step(int step)
        {
            using var scope = NewDisposeScope();
            _module.train();
            var logits = _module.call(tensor(_batch.Pixels, _batch.Shape, device: _device));
            var targets = tensor(_batch.Targets, [_batch.Shape[0], Classes], device: _device);
            var loss = (logits.log_softmax(-1) * targets).sum() * (-1.0 / _batch.Shape[0]);
            _optimizer.zero_grad();
            loss.backward();
            _optimizer.step();
            loss.item<float>();
        }

        public float[] Logits()
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            _module.eval();
            return [.. _module.call(tensor(_batch.Pixels, _batch.Shape, device: _device)).cpu().data<float>()];
        }

        public void Dispose()
        {
            _optimizer.Dispose();
            _module.Dispose();
        }
    }
}
