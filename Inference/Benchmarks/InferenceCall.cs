using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace OneFractal.Inference;

/// <summary>One run of a session on a batch of seeded noise, again and again.</summary>
internal sealed class InferenceCall : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _inputNames, _outputNames;
    private readonly OrtValue _input, _output;
    private readonly OrtIoBinding? _binding;

    public InferenceCall(InferenceSession session, InferenceShapes shapes, int batch, IoBinding binding)
    {
        (_session, _inputNames, _outputNames) = (session, [shapes.InputName], [shapes.OutputName]);
        Batch = batch;
        _input = Create(batch, shapes.Image, shapes.TakesPhotos ? TensorElementType.UInt8 : TensorElementType.Float);
        _output = Create(batch, shapes.Output, TensorElementType.Float);
        var random = new RandomStream(0, (ulong)batch);
        if (shapes.TakesPhotos)
        {
            foreach (ref var value in _input.GetTensorMutableDataAsSpan<byte>())
            {
                value = (byte)random.NextInt(byte.MaxValue + 1);
            }
        }
        else
        {
            foreach (ref var value in _input.GetTensorMutableDataAsSpan<float>())
            {
                value = (float)random.Uniform(-1, 1);
            }
        }

        if (binding == IoBinding.Bound)
        {
            _binding = session.CreateIoBinding();
            _binding.BindInput(shapes.InputName, _input);
            _binding.BindOutput(shapes.OutputName, _output);
        }
    }

    /// <summary>Images in a run.</summary>
    public int Batch { get; }

    public void Run()
    {
        if (_binding is not null)
        {
            _session.RunWithBinding(_options, _binding);
            return;
        }

        using var results = _session.Run(_options, _inputNames, [_input], _outputNames);
    }

    public void Dispose()
    {
        _binding?.Dispose();
        _input.Dispose();
        _output.Dispose();
        _options.Dispose();
    }

    private static OrtValue Create(int batch, IReadOnlyList<int> shape, TensorElementType type)
    {
        return OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, [batch, .. shape.Select(d => (long)d)]);
    }
}
