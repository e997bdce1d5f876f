namespace OneFractal.Evaluation;

/// <summary>ONNX Runtime.</summary>
internal sealed class OnnxRuntimeRuntime(ModelRunner runner) : IModelRuntime
{
    public void Run(ReadOnlyMemory<float> images, int count, Memory<float> outputs) => runner.Run(images, count, outputs);

    public void Dispose() => runner.Dispose();
}
