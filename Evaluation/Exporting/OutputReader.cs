using Microsoft.ML.OnnxRuntime;
using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Evaluation;

/// <summary>Runs a model of float32 images on ONNX Runtime's CPU provider and gives all its outputs, whatever their shapes.</summary>
internal sealed class OutputReader : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly OnnxModel _model;
    private readonly int? _fixedBatch;

    private OutputReader(OnnxModel model, InferenceSession session, int? batch)
    {
        (_model, _session, _fixedBatch) = (model, session, batch);
        ImageShape = Shape(model);
    }

    /// <summary>Channels, height and width of an image.</summary>
    public IReadOnlyList<int> ImageShape { get; }

    /// <summary>Number of values of an image.</summary>
    public int ImageLength => ImageShape[0] * ImageShape[1] * ImageShape[2];

    /// <summary>Opens a model that is in memory.</summary>
    /// <exception cref="ModelException">ONNX Runtime refuses it, or the size of its images is not known.</exception>
    public static OutputReader Open(OnnxModel model, bool optimize = true)
    {
        var settings = new SessionSettings { Device = ComputeDevice.Cpu, Optimization = optimize ? GraphOptimization.All : GraphOptimization.None };
        var (session, _) = SessionFactory.Create(model.Source, settings, options => SessionFactory.Open(model, options));
        return new OutputReader(model, session, (int?)TensorInfo.From(Input(model))?.Shape?[0].Value);
    }

    /// <summary>The input that is fed: up to IR 3, initializers are listed as inputs too.</summary>
    public static ValueInfoProto Input(OnnxModel model)
    {
        var stored = model.Graph.Initializer.Select(t => t.Name).ToHashSet();
        return model.Graph.Input.FirstOrDefault(i => !stored.Contains(i.Name)) ?? throw new ModelException($"'{model.Source}' has no input to feed.");
    }

    /// <summary>The shape of a model's images: what its input declares, and where that is open what its metadata says.</summary>
    /// <exception cref="ModelException">Neither says it.</exception>
    public static int[] Shape(OnnxModel model)
    {
        var p = model.Metadata?.Preprocessing;
        int?[] known = p is null ? [null, null, null] : [p.Channels, p.Height, p.Width];
        return TensorInfo.From(Input(model)) is { Type: DataType.Float, Shape: [_, _, _, _] shape } && shape.Skip(1).Zip(known, (d, k) => (int?)d.Value ?? k).ToArray() is var found
            && found.All(d => d is not null)
            ? [.. found.Select(d => d!.Value)]
            : throw new ModelException($"'{model.Source}': its input is {TensorInfo.From(Input(model))}, and how large its images are is not known; say it with --size.");
    }

    /// <summary>The outputs for <paramref name="count"/> images: of each, the values of all images, one after the other.</summary>
    /// <exception cref="ModelException">ONNX Runtime fails while it runs.</exception>
    public float[][] Run(ReadOnlyMemory<float> pixels, int count)
    {
        var batch = _fixedBatch ?? count;
        var parts = new List<float[][]>();
        for (var first = 0; first < count; first += batch)
        {
            var taken = Math.Min(batch, count - first);
            var images = new float[batch * ImageLength];
            pixels.Slice(first * ImageLength, taken * ImageLength).CopyTo(images);
            parts.Add([.. RunBatch(images, batch).Select(o => o.AsSpan(0, o.Length / batch * taken).ToArray())]);
        }

        return parts is [var one] ? one : [.. Enumerable.Range(0, parts[0].Length).Select(o => parts.SelectMany(p => p[o]).ToArray())];
    }

    public void Dispose()
    {
        _session.Dispose();
        _options.Dispose();
    }

    private float[][] RunBatch(float[] images, int batch)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(images, [batch, .. ImageShape.Select(d => (long)d)]);
        try
        {
            using var outputs = _session.Run(_options, [_session.InputNames[0]], [input], _session.OutputNames);
            return [.. outputs.Select(o => o.GetTensorDataAsSpan<float>().ToArray())];
        }
        catch (OnnxRuntimeException e)
        {
            throw new ModelException($"'{_model.Source}': ONNX Runtime failed on {batch} images ({OrtErrors.Explain(e)}).", e);
        }
    }
}
