using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Inference;

namespace OneFractal.Training;

/// <summary>
/// Float32 tensors in the memory of the device that ONNX Runtime computes on, and the way of values there and back. Sessions on the same device read and
/// write them in place. On the CPU it is memory of the exact size, where a session's arena would take regions of powers of two.
/// </summary>
internal sealed class DeviceMemory : IDisposable
{
    private const string From = "from", To = "to";

    // Spans reach host memory only. A session copies from and to any: its input and its output may be bound to different devices.
    private readonly InferenceSession _copy;
    private readonly RunOptions _options = new();
    private readonly OrtMemoryInfo? _place;
    private readonly OrtAllocator? _allocator;

    /// <summary>Memory of <paramref name="device"/>: <c>cpu</c> or <c>cuda:n</c>.</summary>
    /// <exception cref="OneFractalException">The device is not there.</exception>
    public DeviceMemory(ComputeDevice device)
    {
        (_copy, _) = SessionFactory.Create("copy", new SessionSettings { Device = device, Threads = 1 }, options => new InferenceSession(CopyModel(), options));
        _place = device.Kind == ComputeDeviceKind.Cuda
            ? new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.ArenaAllocator, device.Index, OrtMemType.Default)
            : null;
        _allocator = _place is null ? null : new OrtAllocator(_copy, _place);
    }

    /// <summary>A tensor in host memory, whose values spans reach.</summary>
    public static OrtValue AllocateOnHost(TensorElementType type, params long[] shape) => OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);

    /// <summary>A tensor in the device's memory, to be disposed before this; its values are not set.</summary>
    /// <exception cref="TrainingException">There is not enough memory.</exception>
    public OrtValue Allocate(params long[] shape)
    {
        try
        {
            return OrtValue.CreateAllocatedTensorValue(_allocator ?? OrtAllocator.DefaultInstance, TensorElementType.Float, shape);
        }
        catch (OnnxRuntimeException e)
        {
            throw new TrainingException($"No memory for a tensor [{string.Join(", ", shape)}] of the training state ({OrtErrors.Explain(e)}): use a smaller model.", e);
        }
    }

    /// <summary>Some elements of a tensor of <see cref="Allocate"/> as a tensor of their own, to be disposed before it.</summary>
    /// <param name="tensor">Whose memory it is.</param>
    /// <param name="start">The first element.</param>
    /// <param name="shape">Their shape.</param>
    public unsafe OrtValue View(OrtValue tensor, long start, long[] shape)
    {
        // The address may be a device's: it is not read here.
        fixed (byte* first = tensor.GetTensorMutableRawData())
        {
            return OrtValue.CreateTensorValueWithData(
                _place ?? OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, (nint)(first + sizeof(float) * start), sizeof(float) * shape.Aggregate(1L, (p, d) => p * d));
        }
    }

    /// <summary>Brings values to the device.</summary>
    /// <param name="tensor">Takes them.</param>
    /// <param name="values">One for each element, row-major.</param>
    public void Write(OrtValue tensor, ReadOnlySpan<float> values)
    {
        using var host = HostLike(tensor);
        values.CopyTo(host.GetTensorMutableDataAsSpan<float>());
        Copy(host, tensor);
    }

    /// <summary>Brings a tensor's values from the device, row-major.</summary>
    public float[] Read(OrtValue tensor)
    {
        using var host = HostLike(tensor);
        Copy(tensor, host);
        return host.GetTensorDataAsSpan<float>().ToArray();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _allocator?.Dispose();
        _place?.Dispose();
        _options.Dispose();
        _copy.Dispose();
    }

    private static OrtValue HostLike(OrtValue tensor) => AllocateOnHost(TensorElementType.Float, tensor.GetTensorTypeAndShape().Shape);

    private void Copy(OrtValue from, OrtValue to)
    {
        using var binding = _copy.CreateIoBinding();
        binding.BindInput(From, from);
        binding.BindOutput(To, to);
        binding.SynchronizeBoundInputs();
        _copy.RunWithBinding(_options, binding);
        binding.SynchronizeBoundOutputs();
    }

    /// <summary>Identity, of a float32 tensor of any shape.</summary>
    private static byte[] CopyModel()
    {
        static ValueInfoProto AnyShape(string name)
        {
            return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float } } };
        }

        var graph = new GraphProto { Name = "copy", Input = { AnyShape(From) }, Output = { AnyShape(To) } };
        graph.Node.Add(new NodeProto { OpType = "Identity", Input = { From }, Output = { To } });
        var opset = new OperatorSetIdProto { Domain = "", Version = OnnxModel.WrittenOpset };
        return new ModelProto { IrVersion = OnnxModel.WrittenIrVersion, OpsetImport = { opset }, Graph = graph }.ToByteArray();
    }
}
