using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>
/// Trains a graph on stock ONNX Runtime: each step is one run of the graph that <see cref="TrainStepGraph"/> builds. Parameters, moments and statistics stay in
/// the device's memory: a step takes images and targets there and brings three numbers back.
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
    private readonly string[] _stateNames;
    private readonly Dictionary<string, OrtValue> _inputs = [];
    private readonly Dictionary<string, OrtValue> _results = [];

    /// <summary>The state of now, by name. The next state goes to buffers of its own, and then the two change places.</summary>
    private Dictionary<string, OrtValue> _state = [];
    private Dictionary<string, OrtValue> _next = [];

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
        var evaluation = TrainStepGraph.BuildEvaluation(model);
        (_evaluation, _device) = SessionFactory.Create(model.Source, settings, options => new InferenceSession(evaluation.Proto.ToByteArray(), options));
        try
        {
            var step = TrainStepGraph.Build(model, recipe, recipe.BatchSize, null, forGpu: _device.Kind == ComputeDeviceKind.Cuda);
            (_step, _) = SessionFactory.Create(model.Source, settings with { Device = _device }, options => new InferenceSession(step.Proto.ToByteArray(), options));
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
        _stateNames = [.. _step.InputNames.Where(n => _step.OutputMetadata.ContainsKey(TrainStepGraph.Next(n)))];
        foreach (var name in _stateNames)
        {
            var shape = Dimensions(name);
            _state[name] = _memory.Allocate(shape);
            _next[name] = _memory.Allocate(shape);
            var initial = model.FindInitializer(name) ?? model.FindInitializer(StateNames.Averaged(name));
            _memory.Write(_state[name], initial?.ToFloats() ?? new float[shape.Aggregate(1L, (p, d) => p * d)]);
        }

        _inputs[_imagesName] = DeviceMemory.AllocateOnHost(TensorElementType.Float, _imageShape);
        _inputs[TrainStepGraph.Targets] = DeviceMemory.AllocateOnHost(TensorElementType.Float, Dimensions(TrainStepGraph.Targets));
        _inputs[TrainStepGraph.LearningRate] = DeviceMemory.AllocateOnHost(TensorElementType.Float);
        _inputs[TrainStepGraph.Step] = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
        _inputs[TrainStepGraph.Seed] = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
        _results[TrainStepGraph.Loss] = DeviceMemory.AllocateOnHost(TensorElementType.Float);
        _results[TrainStepGraph.GradientNorm] = DeviceMemory.AllocateOnHost(TensorElementType.Float);
        _results[TrainStepGraph.Correct] = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
        _model = model.WithoutValues(_stateNames.ToHashSet());
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
        foreach (var (name, value) in _inputs.Concat(_state).Where(v => _step.InputMetadata.ContainsKey(v.Key)))
        {
            binding.BindInput(name, value);
        }

        foreach (var (name, value) in _results)
        {
            binding.BindOutput(name, value);
        }

        foreach (var (name, value) in _next)
        {
            binding.BindOutput(TrainStepGraph.Next(name), value);
        }

        Run(_step, binding);
        var result = new StepResult(
            _results[TrainStepGraph.Loss].GetTensorDataAsSpan<float>()[0],
            _results[TrainStepGraph.GradientNorm].GetTensorDataAsSpan<float>()[0],
            (int)_results[TrainStepGraph.Correct].GetTensorDataAsSpan<long>()[0]);
        // A step with a broken loss would spread it to every weight: the loop stops, and the last state stays.
        if (double.IsFinite(result.Loss) && double.IsFinite(result.GradientNorm))
        {
            (_state, _next) = (_next, _state);
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
        return _state.ToDictionary(s => s.Key, s => TensorProtoExtensions.Float(s.Key, Dimensions(s.Key), _memory.Read(s.Value)));
    }

    /// <inheritdoc />
    public void RestoreState(IReadOnlyDictionary<string, TensorProto> state)
    {
        foreach (var name in _stateNames)
        {
            var shape = Dimensions(name);
            if (!state.TryGetValue(name, out var saved) || !saved.Dims.SequenceEqual(shape))
            {
                throw StateNames.Missing(name, shape);
            }

            _memory.Write(_state[name], saved.ToFloats());
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
        foreach (var value in _state.Values.Concat(_next.Values).Concat(_inputs.Values).Concat(_results.Values))
        {
            value.Dispose();
        }

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

    private void Run(InferenceSession session, OrtIoBinding binding)
    {
        try
        {
            binding.SynchronizeBoundInputs();
            session.RunWithBinding(_options, binding);
            binding.SynchronizeBoundOutputs();
        }
        catch (OnnxRuntimeException e)
        {
            throw new TrainingException($"'{_model.Source}': ONNX Runtime failed in training ({OrtErrors.Explain(e)}).", e);
        }
    }
}
