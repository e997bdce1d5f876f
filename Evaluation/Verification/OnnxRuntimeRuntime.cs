using Microsoft.ML.OnnxRuntime;

namespace OneFractal.Evaluation;

/// <summary>ONNX Runtime, on the CPU or a GPU.</summary>
internal sealed class OnnxRuntimeRuntime(string name, SessionSettings settings) : IModelRuntime
{
    public string Name => name;

    public bool UsesTf32 => settings.Device.Kind != ComputeDeviceKind.Cpu;

    public IReadOnlyList<RuntimeTensor> Run(RuntimeJob job, CancellationToken cancellation)
    {
        var (session, device) = SessionFactory.Create(job.Model.Source, settings, options => new InferenceSession(job.File, options));
        using var _ = session;
        if (settings.Device.Kind == ComputeDeviceKind.Auto && device.Kind != ComputeDeviceKind.Cuda)
        {
            throw new RuntimeUnavailableException("not here: no GPU that ONNX Runtime can use; see 'onefractal doctor'");
        }

        using var options = new RunOptions();
        var results = new List<RuntimeTensor>();
        foreach (var batch in job.Batches)
        {
            cancellation.ThrowIfCancellationRequested();
            results.AddRange(Run(job, session, options, batch));
        }

        return results;
    }

    private static OrtValue Wrap(RuntimeTensor tensor)
    {
        long[] dims = [.. tensor.Dims.Select(d => (long)d)];
        return tensor.Bytes is { } bytes ? OrtValue.CreateTensorValueFromMemory(bytes, dims) : OrtValue.CreateTensorValueFromMemory(tensor.Values, dims);
    }

    private static RuntimeTensor[] Run(RuntimeJob job, InferenceSession session, RunOptions options, IReadOnlyList<RuntimeTensor> batch)
    {
        OrtValue[] inputs = [.. batch.Select(Wrap)];
        try
        {
            using var outputs = session.Run(options, [.. batch.Select(t => t.Name)], inputs, session.OutputNames);
            return
            [
                .. outputs.Zip(session.OutputNames, (output, name) => new RuntimeTensor(
                    name, [.. output.GetTensorTypeAndShape().Shape.Select(d => checked((int)d))], output.GetTensorDataAsSpan<float>().ToArray())),
            ];
        }
        catch (OnnxRuntimeException e)
        {
            throw new ModelException($"'{job.Model.Source}': ONNX Runtime failed ({OrtErrors.Explain(e)}).", e);
        }
        finally
        {
            foreach (var input in inputs)
            {
                input.Dispose();
            }
        }
    }
}
