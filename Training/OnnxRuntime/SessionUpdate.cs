using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>The update as a graph, on any device that ONNX Runtime computes on.</summary>
internal sealed class SessionUpdate : IParameterUpdate
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _owned = [];
    private readonly List<(OrtIoBinding Binding, OrtValue Rate, OrtValue Decay, double Scale)> _rows = [];
    private readonly OrtValue _step = DeviceMemory.AllocateOnHost(TensorElementType.Int64);
    private readonly OrtValue _norm = DeviceMemory.AllocateOnHost(TensorElementType.Float);

    /// <summary>An update of rows in the memory of the device of <paramref name="settings"/>.</summary>
    public SessionUpdate(TrainingRecipe recipe, IEnumerable<ParameterRow> rows, SessionSettings settings)
    {
        (_session, _) = TrainingSession.Create("update", OptimizerGraph.BuildUpdate(recipe), settings);
        foreach (var row in rows)
        {
            var (rate, decay) = (Own(DeviceMemory.AllocateOnHost(TensorElementType.Float)), Own(DeviceMemory.AllocateOnHost(TensorElementType.Float)));
            decay.GetTensorMutableDataAsSpan<float>()[0] = row.Decay;
            var binding = _session.CreateIoBinding();
            foreach (var (name, value) in row.Values)
            {
                binding.BindInput(name, value);
                if (name != OptimizerGraph.Gradient)
                {
                    binding.BindOutput(TrainStepGraph.Next(name), value);
                }
            }

            _rows.Add((binding, rate, decay, row.Scale));
        }
    }

    /// <inheritdoc />
    public double GradientNorm() => throw new NotSupportedException("The graph of the gradients computes their norm.");

    /// <inheritdoc />
    /// <exception cref="OnnxRuntimeException">The device fails.</exception>
    public void Step(StepSettings settings, float gradientNorm)
    {
        _step.GetTensorMutableDataAsSpan<long>()[0] = settings.Step;
        _norm.GetTensorMutableDataAsSpan<float>()[0] = gradientNorm;
        foreach (var (binding, rate, decay, scale) in _rows)
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
        foreach (var (binding, _, _, _) in _rows)
        {
            binding.Dispose();
        }

        foreach (var value in _owned)
        {
            value.Dispose();
        }

        _step.Dispose();
        _norm.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    private OrtValue Own(OrtValue value)
    {
        _owned.Add(value);
        return value;
    }
}
