using Google.Protobuf;
using OpenCvSharp;
using OpenCvSharp.Dnn;

namespace OneFractal.Evaluation;

/// <summary>OpenCV DNN, which needs static shapes and no Dropout: it gets the deployment file for one batch size.</summary>
internal sealed class OpenCvRuntime : IModelRuntime
{
    private readonly Net _net;
    private readonly int[] _blobShape;
    private readonly int _imageLength;
    private readonly int _batch;

    public OpenCvRuntime(OnnxModel model, ModelRunner like)
    {
        _batch = like.FixedBatch ?? 1;
        _blobShape = [_batch, .. like.ImageShape];
        _imageLength = like.ImageLength;
        Cv2.SetLogLevel(LogLevel.SILENT);
        _net = CvDnn.ReadNetFromOnnx(FixedBatch.Apply(model, _batch).Proto.ToByteArray())
            ?? throw new ModelException($"'{model.Source}': OpenCV DNN cannot read this model.");
    }

    public void Run(ReadOnlyMemory<float> images, int count, Memory<float> outputs)
    {
        var outputLength = outputs.Length / count;
        var pixels = new float[_batch * _imageLength];
        for (var first = 0; first < count; first += _batch)
        {
            // What an earlier batch left in the rest of a short one does no harm.
            var taken = Math.Min(_batch, count - first);
            images.Slice(first * _imageLength, taken * _imageLength).CopyTo(pixels);
            using var blob = Mat.FromPixelData(_blobShape, MatType.CV_32F, pixels);
            _net.SetInput(blob);
            using var output = _net.Forward();
            var values = output.Total() == _batch * outputLength && output.Type() == MatType.CV_32F
                ? output.AsSpan<float>()
                : throw new ModelException($"OpenCV DNN gives {output.Total()} values where {_batch * outputLength} are expected.");
            values[..(taken * outputLength)].CopyTo(outputs.Span[(first * outputLength)..]);
        }
    }

    public void Dispose() => _net.Dispose();
}
