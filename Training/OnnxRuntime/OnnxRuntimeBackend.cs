using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>
/// Trains a graph on stock ONNX Runtime: each step is one run of the graph that <see cref="TrainStepGraph"/> builds, up to the gradients, and one of the optimizer.
/// Parameters, moments and statistics stay in the device's memory: a step takes images and targets there and brings three numbers back.
/// </summary>
public sealed class OnnxRuntimeBackend : ITrainingBackend
{
    private readonly OnnxModel _model;
    private readonly InferenceSession _step;
    private readonly InferenceSession _evaluation;
    private readonly RunOptions _options = new();
    private readonly ComputeDevice _device;
    private readonly DeviceMemory _memory;
    private readonly int _classes;
    private readonly string _imagesName;
    private readonly long[] _imageShape;
    private readonly DeviceOptimizer _optimizer;
    private readonly Dictionary<string, OrtValue> _inputs = [];
    private readonly Dictionary<string, OrtValue> _results = [];

    /// <summary>The state of now, by name.</summary>
    private readonly Dictionary<string, OrtValue> _state = [];

    /// <summary>Where the next running statistics and their averages go, which then change places with those of now.</summary>
    private readonly Dictionary<string, OrtValue> _next = [];

    /// <summary>Prepares <paramref name="model"/>, which ends in logits [batch, classes], for training by <paramref name="recipe"/>.</summary>
    /// <param name="model">The graph; it is not changed.</param>
    /// <param name="recipe">How it is trained.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="threads">Threads of one operator; 0 leaves it to ONNX Runtime.</param>
    /// <exception cref="OneFractalException">The device is not there, or the graph or the recipe cannot be trained here.</exception>
    public OnnxRuntimeBackend(OnnxModel model, TrainingRecipe recipe, ComputeDevice device, int threads = 0)
    {
        if (Limit(recipe) is { } limit)
        {
            throw new UsageException($"Training on ONNX Runtime {limit}: leave --accumulate and --precision out, or use --backend torchsharp.");
        }

        var settings = new SessionSettings { Device = device, Threads = threads };
        (_evaluation, _device) = TrainingSession.Create(model.Source, TrainStepGraph.BuildEvaluation(model), settings);
        try
        {
            var step = TrainStepGraph.BuildGradients(model, recipe, recipe.BatchSize, forGpu: _device.Kind == ComputeDeviceKind.Cuda);
            settings = settings with { Device = _device };
            (_step, _) = TrainingSession.Create(model.Source, step, settings);
        }
        catch
        {
            _evaluation.Dispose();
            throw;
        }

        _memory = new DeviceMemory(_device);
        _imagesName = model.Graph.Input[0].Name;
        _imageShape = Dimensions(_imagesName);
        _classes = (int)Dimensions(TrainStepGraph.Targets)[1];
        var trainable = model.TrainableNames ?? [];
        var trained = trainable.Where(n => _step.OutputMetadata.ContainsKey(TrainStepGraph.Gradient(n))).ToArray();
        long[] GradientShape(string name) => [.. _step.OutputMetadata[TrainStepGraph.Gradient(name)].Dimensions.Select(d => (long)d)];
        _optimizer = new DeviceOptimizer(
            _memory, recipe, trained.Select(n => (n, ShapeOf(model, n), GradientShape(n))), LayerDecay.Scales(model, recipe.LayerDecay), settings,
            asGraph: _device.Kind != ComputeDeviceKind.Cpu);
        // What the loss does not depend on stays as it is.
        var others = trainable.Except(trained).Concat(model.RunningStatistics).SelectMany(n => recipe.EmaDecay > 0 ? [n, StateNames.Average(n)] : (string[])[n]);
        foreach (var (name, value) in _optimizer.State.Concat(others.Select(n => KeyValuePair.Create(n, _memory.Allocate(ShapeOf(model, n))))))
        {
            _state[name] = value;
            if (StateNames.Of(name, model.FindInitializer) is { } initial)
            {
                _memory.Write(value, initial.ToFloats());
            }

            if (_step.OutputMetadata.ContainsKey(TrainStepGraph.Next(name)))
            {
                _next[name] = _memory.Allocate(ShapeOf(model, name));
            }
        }

        _inputs[_imagesName] = DeviceMemory.AllocateOnHost(TensorElementType.Float, _imageShape);
        _inputs[TrainStepGraph.Targets] = DeviceMemory.AllocateOnHost(TensorElementType.Float, Dimensions(TrainStepGraph.Targets));
        _inputs[TrainStepGraph.LearningRate] = DeviceMemory.AllocateOnHost(TensorElementType.Float);
        _inputs[TrainStepGraph.Step] = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
        _inputs[TrainStepGraph.Seed] = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
        _results[TrainStepGraph.Loss] = DeviceMemory.AllocateOnHost(TensorElementType.Float);
        if (_step.OutputMetadata.ContainsKey(TrainStepGraph.GradientNorm))
        {
            _results[TrainStepGraph.GradientNorm] = DeviceMemory.AllocateOnHost(TensorElementType.Float);
        }

        _results[TrainStepGraph.Correct] = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
        _model = model.WithoutValues(_state.Keys.ToHashSet());
    }

    /// <inheritdoc />
    public string Name => BackendKind.OnnxRuntime.OptionValue();

    /// <inheritdoc />
    public string Device => _device.ToString();

    /// <inheritdoc />
    public StepResult TrainStep(ReadOnlySpan<float> pixels, ReadOnlySpan<float> targets, StepSettings settings)
    {
        pixels.CopyTo(_inputs[_imagesName].GetTensorMutableDataAsSpan<float>());
        targets.CopyTo(_inputs[TrainStepGraph.Targets].GetTensorMutableDataAsSpan<float>());
        _inputs[TrainStepGraph.LearningRate].GetTensorMutableDataAsSpan<float>()[0] = (float)settings.LearningRate;
        _inputs[TrainStepGraph.Step].GetTensorMutableDataAsSpan<long>()[0] = settings.Step;
        _inputs[TrainStepGraph.Seed].GetTensorMutableDataAsSpan<long>()[0] = (long)(settings.Seed >> 33);
        // Binding an input is what takes it to the device. A binding that were kept would hold what was bound before; making one costs half a millisecond.
        using var binding = _step.CreateIoBinding();
        Guarded(() =>
        {
            foreach (var (name, value) in _inputs.Concat(_state).Where(v => _step.InputMetadata.ContainsKey(v.Key)))
            {
                binding.BindInput(name, value);
            }
        });

        foreach (var (name, value) in _results)
        {
            binding.BindOutput(name, value);
        }

        foreach (var (name, value) in _optimizer.Gradients)
        {
            binding.BindOutput(TrainStepGraph.Gradient(name), value);
        }

        foreach (var (name, value) in _next)
        {
            binding.BindOutput(TrainStepGraph.Next(name), value);
        }

        Run(_step, binding);
        var result = new StepResult(
            _results[TrainStepGraph.Loss].GetTensorDataAsSpan<float>()[0],
            _results.TryGetValue(TrainStepGraph.GradientNorm, out var norm) ? norm.GetTensorDataAsSpan<float>()[0] : _optimizer.GradientNorm(),
            (int)_results[TrainStepGraph.Correct].GetTensorDataAsSpan<long>()[0]);
        // A step with a broken loss would spread it to every weight: the loop stops, and the last state stays.
        if (double.IsFinite(result.Loss) && double.IsFinite(result.GradientNorm))
        {
            Guarded(() => _optimizer.Step(settings, (float)result.GradientNorm));
            foreach (var (name, value) in _next)
            {
                (_state[name], _next[name]) = (value, _state[name]);
            }
        }

        return result;
    }

    /// <inheritdoc />
    public void Evaluate(ReadOnlySpan<float> pixels, Span<float> logits)
    {
        var count = logits.Length / _classes;
        using var images = DeviceMemory.AllocateOnHost(TensorElementType.Float, [count, .. _imageShape[1..]]);
        using var results = DeviceMemory.AllocateOnHost(TensorElementType.Float, [count, _classes]);
        pixels.CopyTo(images.GetTensorMutableDataAsSpan<float>());
        using var binding = _evaluation.CreateIoBinding();
        binding.BindInput(_imagesName, images);
        foreach (var name in _evaluation.InputNames.Where(n => n != _imagesName))
        {
            binding.BindInput(name, Shown(name));
        }

        binding.BindOutput(_evaluation.OutputNames[0], results);
        Run(_evaluation, binding);
        results.GetTensorDataAsSpan<float>().CopyTo(logits);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, TensorProto> SaveState()
    {
        return _state.ToDictionary(s => s.Key, s => TensorProtoExtensions.Float(s.Key, ShapeOf(s.Value), _memory.Read(s.Value)));
    }

    /// <inheritdoc />
    public void RestoreState(IReadOnlyDictionary<string, TensorProto> state)
    {
        foreach (var (name, value) in _state)
        {
            var shape = ShapeOf(value);
            if (!state.TryGetValue(name, out var saved) || !saved.Dims.SequenceEqual(shape))
            {
                throw StateNames.Missing(name, shape);
            }

            _memory.Write(value, saved.ToFloats());
        }
    }

    /// <inheritdoc />
    public OnnxModel Export()
    {
        var result = _model.Clone();
        foreach (var tensor in result.Graph.Initializer.Where(t => _state.ContainsKey(t.Name)))
        {
            tensor.SetFloats(_memory.Read(Shown(tensor.Name)));
        }

        return result;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var value in _state.Where(s => !_optimizer.State.ContainsKey(s.Key)).Select(s => s.Value).Concat(_next.Values).Concat(_inputs.Values).Concat(_results.Values))
        {
            value.Dispose();
        }

        _optimizer.Dispose();
        _memory.Dispose();
        _step.Dispose();
        _evaluation.Dispose();
        _options.Dispose();
    }

    /// <summary>What this backend does instead of what <paramref name="recipe"/> asks for, as the rest of a sentence; null where it can do it.</summary>
    internal static string? Limit(TrainingRecipe recipe)
    {
        return recipe.Precision != Precision.Float32 ? "computes in float32 only"
            : recipe.Accumulation > 1 ? "does not follow --accumulate"
            : null;
    }

    /// <summary>A parameter or running statistic as it is scored and saved: its moving average, where there is one.</summary>
    private OrtValue Shown(string name) => _state.GetValueOrDefault(StateNames.Average(name)) ?? _state[name];

    private long[] Dimensions(string input) => [.. _step.InputMetadata[input].Dimensions.Select(d => (long)d)];

    private static long[] ShapeOf(OnnxModel model, string name) => [.. StateNames.Of(name, model.FindInitializer)!.Dims];

    private static long[] ShapeOf(OrtValue value) => value.GetTensorTypeAndShape().Shape;

    private void Run(InferenceSession session, OrtIoBinding binding)
    {
        Guarded(() =>
        {
            binding.SynchronizeBoundInputs();
            session.RunWithBinding(_options, binding);
            binding.SynchronizeBoundOutputs();
        });
    }

    private void Guarded(Action run)
    {
        try
        {
            run();
        }
        catch (OnnxRuntimeException e)
        {
            throw new TrainingException($"'{_model.Source}': ONNX Runtime failed in training ({OrtErrors.Explain(e)}).", e);
        }
    }
}
