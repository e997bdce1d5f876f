using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>
/// Parameters in a device's memory with their gradients and all that an optimizer keeps of them, and the step that moves them where they are. Those of one weight decay
/// and learning rate lie side by side, so that a step takes pieces that stay in the caches, whatever the sizes of the parameters.
/// </summary>
internal sealed class DeviceOptimizer : IDisposable
{
    /// <summary>Elements of a piece on a CPU: with twice as many or half as many a step took as long, with eight times as many twice as long.</summary>
    private const long PieceLength = 1 << 19;

    /// <summary>Elements of the longest row of parameters, whose bytes an int can count.</summary>
    private const long LongestRow = 1 << 28;

    /// <summary>Parameters begin at multiples of so many elements, which is where the lines of caches begin.</summary>
    private const long Alignment = 16;

    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _owned = [];
    private readonly List<(OrtIoBinding Binding, OrtValue Rate, OrtValue Decay, double Scale)> _pieces = [];
    private readonly Dictionary<string, OrtValue> _state = [];
    private readonly Dictionary<string, OrtValue> _gradients = [];
    private readonly OrtValue _step = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
    private readonly OrtValue _norm = DeviceMemory.AllocateOnHost(TensorElementType.Float);

    /// <summary>Takes memory for the parameters, all 0.</summary>
    /// <param name="memory">Where, to be disposed after this.</param>
    /// <param name="recipe">Optimizer, decay, clipping and averages.</param>
    /// <param name="parameters">Names and shapes of what trains, and the shapes of as many elements that their gradients come in.</param>
    /// <param name="learningRateScales">Factors on the learning rate, by name.</param>
    /// <param name="settings">Device and threads.</param>
    public DeviceOptimizer(
        DeviceMemory memory, TrainingRecipe recipe, IEnumerable<(string Name, long[] Shape, long[] GradientShape)> parameters, IReadOnlyDictionary<string, double> learningRateScales,
        SessionSettings settings)
    {
        (_session, var device) = TrainingSession.Create("update", OptimizerGraph.BuildUpdate(recipe), settings);
        string[] kept = [.. OptimizerGraph.Moments(recipe).Select(moment => moment(OptimizerGraph.Parameter)), .. recipe.EmaDecay > 0 ? [StateNames.Average(OptimizerGraph.Parameter)] : (string[])[]];
        foreach (var group in parameters.GroupBy(p => (Decays: WeightDecay.Applies(p.Name, p.Shape.Length), Scale: learningRateScales.GetValueOrDefault(p.Name, 1))))
        {
            var (rate, decay) = (Own(DeviceMemory.AllocateOnHost(TensorElementType.Float)), Own(DeviceMemory.AllocateOnHost(TensorElementType.Float)));
            decay.GetTensorMutableDataAsSpan<float>()[0] = group.Key.Decays ? (float)recipe.WeightDecay : 0;
            foreach (var (length, places) in Rows(group))
            {
                var values = new Dictionary<string, OrtValue>();
                foreach (var name in (string[])[OptimizerGraph.Parameter, OptimizerGraph.Gradient, .. kept])
                {
                    var row = values[name] = Own(memory.Allocate(length));
                    Clear(memory, row, length);
                    foreach (var (parameter, start) in places)
                    {
                        if (name == OptimizerGraph.Gradient)
                        {
                            _gradients[parameter.Name] = Own(memory.View(row, start, parameter.GradientShape));
                        }
                        else
                        {
                            _state[name.Replace(OptimizerGraph.Parameter, parameter.Name, StringComparison.Ordinal)] = Own(memory.View(row, start, parameter.Shape));
                        }
                    }
                }

                var piece = device.Kind == ComputeDeviceKind.Cuda ? length : PieceLength;
                for (var start = 0L; start < length; start += piece)
                {
                    var binding = _session.CreateIoBinding();
                    foreach (var (name, row) in values)
                    {
                        var part = Own(memory.View(row, start, [Math.Min(piece, length - start)]));
                        binding.BindInput(name, part);
                        if (name != OptimizerGraph.Gradient)
                        {
                            binding.BindOutput(TrainStepGraph.Next(name), part);
                        }
                    }

                    _pieces.Add((binding, rate, decay, group.Key.Scale));
                }
            }
        }
    }

    /// <summary>Parameters, moments and averages, under the names of checkpoints.</summary>
    public IReadOnlyDictionary<string, OrtValue> State => _state;

    /// <summary>Where the gradient of each parameter goes before a step.</summary>
    public IReadOnlyDictionary<string, OrtValue> Gradients => _gradients;

    /// <summary>Moves all parameters by their gradients, whose norm is given.</summary>
    /// <exception cref="OnnxRuntimeException">The device fails.</exception>
    public void Step(StepSettings settings, float gradientNorm)
    {
        _step.GetTensorMutableDataAsSpan<long>()[0] = settings.Step;
        _norm.GetTensorMutableDataAsSpan<float>()[0] = gradientNorm;
        foreach (var (binding, rate, decay, scale) in _pieces)
        {
            rate.GetTensorMutableDataAsSpan<float>()[0] = (float)(settings.LearningRate * scale);
            // Binding is what takes a number to the device.
            foreach (var (name, value) in ((string, OrtValue)[])[
                (TrainStepGraph.Step, _step), (TrainStepGraph.GradientNorm, _norm), (TrainStepGraph.LearningRate, rate), (OptimizerGraph.Decay, decay)])
            {
                if (_session.InputMetadata.ContainsKey(name))
                {
                    binding.BindInput(name, value);
                }
            }

            binding.SynchronizeBoundInputs();
            _session.RunWithBinding(_options, binding);
            binding.SynchronizeBoundOutputs();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var (binding, _, _, _) in _pieces)
        {
            binding.Dispose();
        }

        foreach (var value in _owned.AsEnumerable().Reverse())
        {
            value.Dispose();
        }

        _step.Dispose();
        _norm.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    /// <summary>Places parameters behind each other, in as few rows as they fit into.</summary>
    private static IEnumerable<(long Length, List<((string Name, long[] Shape, long[] GradientShape) Parameter, long Start)> Places)> Rows(
        IEnumerable<(string Name, long[] Shape, long[] GradientShape)> parameters)
    {
        var (length, places) = (0L, new List<((string, long[], long[]), long)>());
        foreach (var parameter in parameters)
        {
            var count = parameter.Shape.Aggregate(1L, (p, d) => p * d);
            if (places.Count > 0 && length + count > LongestRow)
            {
                yield return (length, places);
                (length, places) = (0, []);
            }

            places.Add((parameter, length));
            length += (count + Alignment - 1) / Alignment * Alignment;
        }

        if (places.Count > 0)
        {
            yield return (length, places);
        }
    }

    private static void Clear(DeviceMemory memory, OrtValue row, long length)
    {
        var zeros = new float[Math.Min(PieceLength, length)];
        for (var start = 0L; start < length; start += zeros.Length)
        {
            var count = Math.Min(zeros.Length, length - start);
            using var part = memory.View(row, start, [count]);
            memory.Write(part, zeros.AsSpan(0, (int)count));
        }
    }

    private OrtValue Own(OrtValue value)
    {
        _owned.Add(value);
        return value;
    }
}
