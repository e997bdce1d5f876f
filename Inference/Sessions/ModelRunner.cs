using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OneFractal.Data.Readers;

namespace OneFractal.Inference;

/// <summary>
/// A model that takes images as one float32 input [batch, channels, height, width], or photos as uint8 [batch, height, width, 3], on ONNX Runtime. Reads
/// and writes the caller's memory in place. Thread-safe.
/// </summary>
public sealed class ModelRunner : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private volatile bool _disposed;

    private ModelRunner(string source, ModelMetadata? metadata, SessionSettings settings, Func<SessionOptions, InferenceSession> open)
    {
        Source = source;
        Metadata = metadata;
        ParallelRuns = settings.ParallelRuns;
        (_session, Device) = SessionFactory.Create(source, settings, open);
        try
        {
            (var inputName, FixedBatch, ImageShape, TakesPhotos) = ReadInput();
            _inputNames = [inputName];
            _outputNames = [_session.OutputNames[0]];
            OutputShape = ReadOutput();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The file the model came from, or a name for errors.</summary>
    public string Source { get; }

    /// <summary>What the model says of itself, or null for one that OneFractal did not write.</summary>
    public ModelMetadata? Metadata { get; }

    /// <summary>Where it runs: <c>cpu</c> or <c>cuda:n</c>.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Runs that it is meant to make side by side.</summary>
    public int ParallelRuns { get; }

    /// <summary>Name of the graph's input.</summary>
    internal string InputName => _inputNames[0];

    /// <summary>
    /// Whether the graph preprocesses by itself (<see cref="EmbeddedPreprocessing"/>): it takes photos of any size, one in a run, and nothing else.
    /// </summary>
    public bool TakesPhotos { get; }

    /// <summary>Shape of one image: channels, height, width; of a graph that takes photos, what it makes of one.</summary>
    public IReadOnlyList<int> ImageShape { get; }

    /// <summary>Number of values of one image.</summary>
    public int ImageLength => ImageShape[0] * ImageShape[1] * ImageShape[2];

    /// <summary>Name of the first output.</summary>
    public string OutputName => _outputNames[0];

    /// <summary>Shape of the first output for one image, e.g. [classes].</summary>
    public IReadOnlyList<int> OutputShape { get; }

    /// <summary>Number of output values of one image.</summary>
    public int OutputLength => OutputShape.Aggregate(1, (product, length) => product * length);

    /// <summary>The only batch size that the graph takes, or null when it takes any. <see cref="Run"/> takes any number of images either way.</summary>
    public int? FixedBatch { get; }

    /// <summary>Reads, checks and opens a model file.</summary>
    /// <exception cref="ModelException">Not a usable ONNX file, or not a model of images.</exception>
    /// <exception cref="OneFractalException">CUDA was asked for and cannot be used.</exception>
    public static ModelRunner Load(string path, SessionSettings? settings = null)
    {
        var metadata = OnnxModel.Load(path).Metadata;
        return new ModelRunner(path, metadata, settings ?? new SessionSettings(), options => new InferenceSession(path, options));
    }

    /// <summary>Opens a model that is in memory.</summary>
    /// <inheritdoc cref="Load" path="/exception" />
    public static ModelRunner Create(OnnxModel model, SessionSettings? settings = null)
    {
        return new ModelRunner(
            model.Source, model.Metadata, settings ?? new SessionSettings(), options => SessionFactory.Open(model, options));
    }

    /// <summary>Runs the model on <paramref name="count"/> images and writes its first output.</summary>
    /// <param name="images">count × channels × height × width values.</param>
    /// <param name="count">How many images.</param>
    /// <param name="outputs">Takes count × <see cref="OutputLength"/> values.</param>
    /// <exception cref="ModelException">ONNX Runtime fails while it runs, or the graph takes photos.</exception>
    /// <exception cref="ObjectDisposedException">The runner is disposed.</exception>
    public void Run(ReadOnlyMemory<float> images, int count, Memory<float> outputs)
    {
        // The runtime itself would crash.
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (TakesPhotos)
        {
            throw new ModelException($"'{Source}' preprocesses by itself, and takes no images that are preprocessed: use the file that was exported without --embed-preprocessing.");
        }

        // The runtime takes writable memory for inputs too, but does not write to it.
        var input = MemoryMarshal.AsMemory(images[..(count * ImageLength)]);
        outputs = outputs[..(count * OutputLength)];
        if (FixedBatch is not { } batch)
        {
            RunBatch(input, count, outputs);
            return;
        }

        for (var first = 0; first < count; first += batch)
        {
            var size = Math.Min(batch, count - first);
            var (from, to) = (input.Slice(first * ImageLength, size * ImageLength), outputs.Slice(first * OutputLength, size * OutputLength));
            if (size == batch)
            {
                RunBatch(from, batch, to);
                continue;
            }

            // A short rest is filled up with zeros.
            float[] padded = new float[batch * ImageLength], results = new float[batch * OutputLength];
            from.CopyTo(padded);
            RunBatch(padded, batch, results);
            results.AsMemory(0, to.Length).CopyTo(to);
        }
    }

    /// <summary>Runs a model that takes photos on one, of any size, and writes its first output.</summary>
    /// <param name="photo">The photo. A graph of a fixed batch gets it as often.</param>
    /// <param name="outputs">Takes <see cref="OutputLength"/> values.</param>
    /// <exception cref="ModelException">ONNX Runtime fails while it runs.</exception>
    /// <exception cref="InvalidOperationException">The model does not take photos.</exception>
    /// <exception cref="ObjectDisposedException">The runner is disposed.</exception>
    public void Run(Photo photo, Memory<float> outputs)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!TakesPhotos)
        {
            throw new InvalidOperationException("The model takes preprocessed images.");
        }

        var batch = FixedBatch ?? 1;
        using var input = Wrap(photo, batch);
        if (batch == 1)
        {
            RunBatch(input, 1, outputs[..OutputLength]);
            return;
        }

        var results = new float[batch * OutputLength];
        RunBatch(input, batch, results);
        results.AsMemory(0, OutputLength).CopyTo(outputs);
    }

    /// <summary>Frees the session, when no run is under way any more.</summary>
    public void Dispose()
    {
        _disposed = true;
        _session.Dispose();
        _options.Dispose();
    }

    private void RunBatch(Memory<float> images, int count, Memory<float> outputs)
    {
        if (count == 0)
        {
            return;
        }

        using var input = Wrap(images, count, ImageShape);
        RunBatch(input, count, outputs);
    }

    private void RunBatch(OrtValue input, int count, Memory<float> outputs)
    {
        using var output = Wrap(outputs, count, OutputShape);
        try
        {
            _session.Run(_options, _inputNames, [input], _outputNames, [output]);
        }
        catch (OnnxRuntimeException e)
        {
            throw new ModelException($"'{Source}': ONNX Runtime failed on {count} images ({OrtErrors.Explain(e)}).", e);
        }
    }

    private static OrtValue Wrap(Memory<float> memory, int count, IReadOnlyList<int> shape)
    {
        return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, [count, .. shape.Select(d => (long)d)]);
    }

    private static OrtValue Wrap(Photo photo, int count)
    {
        byte[] pixels = count == 1 ? photo.Pixels : [.. Enumerable.Repeat(photo.Pixels, count).SelectMany(p => p)];
        return OrtValue.CreateTensorValueFromMemory(pixels, [count, photo.Height, photo.Width, 3]);
    }

    private (string Name, int? FixedBatch, int[] ImageShape, bool TakesPhotos) ReadInput()
    {
        if (_session.InputMetadata.ToArray() is not [var (name, input)])
        {
            throw new ModelException($"'{Source}' has {_session.InputMetadata.Count} inputs; a model of images has one.");
        }

        var shape = input.IsTensor ? input.Dimensions : [];
        if (shape is [0, ..])
        {
            throw new ModelException($"'{Source}' says that its batch has no images (dimension 0 of input '{name}' is 0): give that dimension a name or a number, and export it again.");
        }

        var described = $"{input.ElementDataType.ToString().ToLowerInvariant()}[{string.Join(", ", shape.Select(d => d < 0 ? "?" : $"{d}"))}]";
        if (input.ElementDataType == TensorElementType.UInt8 && shape is [var photos, < 0, < 0, 3] && Metadata is { Preprocessing: { } made })
        {
            return (name, photos < 0 ? null : photos, [made.Channels, made.Height, made.Width], true);
        }

        if (input.ElementDataType != TensorElementType.Float || shape is not [var batch, var channels, _, _] || channels is not (< 0 or 1 or 3))
        {
            throw new ModelException($"'{Source}': its input '{name}' is {described}, not images as float[batch, 1 or 3, height, width].");
        }

        int[] declared = shape[1..];
        if (Metadata?.Preprocessing is { } p)
        {
            int[] wanted = [p.Channels, p.Height, p.Width];
            if (declared.Zip(wanted).Any(d => d.First >= 0 && d.First != d.Second))
            {
                throw new ModelException(
                    $"'{Source}': its metadata says images of [{string.Join(", ", wanted)}], but its input '{name}' is {described}; export it again.");
            }

            declared = wanted;
        }
        else if (declared.Any(d => d < 0))
        {
            throw new ModelException($"'{Source}' does not say how large its images are: input '{name}' is {described}, and there is no metadata.");
        }

        return (name, batch < 0 ? null : batch, declared, false);
    }

    private int[] ReadOutput()
    {
        var output = _session.OutputMetadata[_outputNames[0]];
        if (output.ElementDataType != TensorElementType.Float)
        {
            throw new ModelException($"'{Source}': its output '{_outputNames[0]}' is {output.ElementDataType.ToString().ToLowerInvariant()}, not float.");
        }

        // A file may leave the length open though it is always the same: one run tells.
        int[] shape = output.Dimensions is [_, .. var rest] && rest.All(d => d >= 0) ? rest : [.. Probe().Skip(1).Select(d => (int)d)];
        return shape;
    }

    private long[] Probe()
    {
        var batch = FixedBatch ?? 1;
        var (height, width) = (ImageShape[1], ImageShape[2]);
        using var input = TakesPhotos ? Wrap(new Photo(new byte[height * width * 3], height, width), batch) : Wrap(new float[batch * ImageLength], batch, ImageShape);
        using var outputs = RunProbe(input);
        return outputs[0].GetTensorTypeAndShape().Shape is { Length: > 0 } shape && shape[0] == batch
            ? shape
            : throw new ModelException($"'{Source}': its output '{_outputNames[0]}' has no row for each image.");
    }

    private IDisposableReadOnlyCollection<OrtValue> RunProbe(OrtValue input)
    {
        try
        {
            return _session.Run(_options, _inputNames, [input], _outputNames);
        }
        catch (OnnxRuntimeException e)
        {
            throw new ModelException($"'{Source}': ONNX Runtime cannot run this model ({OrtErrors.Explain(e)}).", e);
        }
    }
}
