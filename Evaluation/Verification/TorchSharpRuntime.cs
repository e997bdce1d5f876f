using OneFractal.Training;
using static TorchSharp.torch;

namespace OneFractal.Evaluation;

/// <summary>TorchSharp, which trains the graph; here in evaluation mode on the CPU.</summary>
internal sealed class TorchSharpRuntime : IModelRuntime
{
    private readonly GraphModule _module;
    private readonly int[] _imageShape;
    private readonly int _imageLength;
    private readonly int? _fixedBatch;

    public TorchSharpRuntime(OnnxModel model, ModelRunner like)
    {
        _imageShape = [.. like.ImageShape];
        _imageLength = like.ImageLength;
        _fixedBatch = like.FixedBatch;
        _module = new GraphModule(model);
        _module.eval();
    }

    public void Run(ReadOnlyMemory<float> images, int count, Memory<float> outputs)
    {
        using var noGradient = no_grad();
        var size = _fixedBatch ?? count;
        var outputLength = outputs.Length / count;
        for (var first = 0; first < count; first += size)
        {
            using var scope = NewDisposeScope();
            var taken = Math.Min(size, count - first);
            var pixels = new float[size * _imageLength];
            images.Slice(first * _imageLength, taken * _imageLength).CopyTo(pixels);
            var output = _module.Run(tensor(pixels, [size, .. _imageShape.Select(d => (long)d)]))[0].contiguous();
            output.data<float>().ToArray().AsSpan(0, taken * outputLength).CopyTo(outputs.Span[(first * outputLength)..]);
        }
    }

    public void Dispose() => _module.Dispose();
}
