using System.Buffers;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OpenCvSharp;

namespace OneFractal.Inference;

/// <summary>
/// An image classifier from one ONNX file, which holds everything: graph, labels and preprocessing. Thread-safe: load it once and share it; every
/// call has buffers of its own, and calls of several threads run side by side in the one session. For many files see <see cref="FilePredictor"/>.
/// </summary>
public sealed class Classifier : IDisposable
{
    private readonly EvaluationTransform _transform;

    private Classifier(ModelRunner runner)
    {
        Runner = runner;
        _transform = new EvaluationTransform(Check(runner).Preprocessing);
        Labels = runner.Metadata!.Labels;
    }

    /// <summary>Class names in the order of the model's outputs.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>How an image becomes the model's input.</summary>
    public Preprocessing Preprocessing => _transform.Preprocessing;

    /// <summary>The model itself, for batches that are preprocessed already.</summary>
    public ModelRunner Runner { get; }

    /// <summary>Opens a classifier file.</summary>
    /// <param name="path">An ONNX file with labels and preprocessing in its metadata.</param>
    /// <param name="settings">Device and threads.</param>
    /// <exception cref="ModelException">Not a usable ONNX file, or one that is no image classifier; the message says what to do.</exception>
    /// <exception cref="OneFractalException">CUDA was asked for and cannot be used.</exception>
    public static Classifier Load(string path, SessionSettings? settings = null) => Open(ModelRunner.Load(path, settings));

    /// <summary>Opens a classifier that is in memory.</summary>
    /// <inheritdoc cref="Load" path="/exception" />
    public static Classifier Create(OnnxModel model, SessionSettings? settings = null) => Open(ModelRunner.Create(model, settings));

    /// <summary>Classifies an image. May be called by any number of threads at once.</summary>
    /// <param name="image">8 bits a channel, 3 channels or 1 (grey), any size; it is not changed.</param>
    /// <param name="order">The order of its channels.</param>
    public Prediction Predict(Mat image, ChannelOrder order = ChannelOrder.Rgb) => PredictBatch([image], order)[0];

    /// <summary>Decodes and classifies an image file.</summary>
    /// <exception cref="Data.BadImageException">The file cannot be decoded.</exception>
    public Prediction Predict(string path)
    {
        using var image = ImageDecoder.Load(path, ChannelOrder.Bgr);
        return Predict(image, ChannelOrder.Bgr);
    }

    /// <summary>
    /// Classifies images in one run of the model, or one by one where it preprocesses by itself; the results are in their order.
    /// </summary>
    /// <inheritdoc cref="Predict(Mat, ChannelOrder)" path="/param" />
    public IReadOnlyList<Prediction> PredictBatch(IReadOnlyList<Mat> images, ChannelOrder order = ChannelOrder.Rgb)
    {
        var classes = Labels.Count;
        var logits = new float[images.Count * classes];
        if (Runner.TakesPhotos)
        {
            for (var i = 0; i < images.Count; i++)
            {
                Runner.Run(ToPhoto(images[i], order), logits.AsMemory(i * classes, classes));
            }

            return Interpret(logits, images.Count);
        }

        // Rented: a batch is a large object, which would keep the garbage collector busy.
        var pixels = ArrayPool<float>.Shared.Rent(images.Count * Runner.ImageLength);
        try
        {
            for (var i = 0; i < images.Count; i++)
            {
                Prepare(images[i], order, pixels.AsSpan(i * Runner.ImageLength, Runner.ImageLength));
            }

            Runner.Run(pixels, images.Count, logits);
            return Interpret(logits, images.Count);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(pixels);
        }
    }

    /// <summary>Frees the model, when no call is under way any more.</summary>
    public void Dispose() => Runner.Dispose();

    /// <summary>Writes the model's input for an image.</summary>
    internal void Prepare(Mat image, ChannelOrder order, Span<float> pixels)
    {
        Require(image);
        _transform.Apply(image, order, pixels);
    }

    /// <summary>The input of a model that preprocesses by itself.</summary>
    /// <exception cref="Data.DataException">The image is so long and thin that it cannot be resized.</exception>
    internal Photo ToPhoto(Mat image, ChannelOrder order)
    {
        Require(image);
        _transform.Require(image);
        return Photo.From(image, order);
    }

    /// <summary>Runs the model on a batch of files.</summary>
    internal void Run(FileBatch batch)
    {
        if (!Runner.TakesPhotos)
        {
            Runner.Run(batch.Pixels, batch.Count, batch.Logits);
            return;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Photos[i] is { } photo)
            {
                Runner.Run(photo, batch.Logits.AsMemory(i * Labels.Count, Labels.Count));
            }
        }
    }

    /// <summary>What the model's output for an image says.</summary>
    internal Prediction Interpret(ReadOnlySpan<float> output) => new(Labels, output, Runner.OutputName == OutputSelection.Probabilities);

    private Prediction[] Interpret(float[] logits, int count)
    {
        return [.. Enumerable.Range(0, count).Select(i => Interpret(logits.AsSpan(i * Labels.Count, Labels.Count)))];
    }

    private static void Require(Mat image)
    {
        if (image.Empty() || image.Depth() != MatType.CV_8U || image.Channels() is not (1 or 3))
        {
            throw new ArgumentException($"Images need 8 bits a channel and 1 or 3 channels, not {image}.", nameof(image));
        }
    }

    internal static Classifier Open(ModelRunner runner)
    {
        try
        {
            return new Classifier(runner);
        }
        catch
        {
            runner.Dispose();
            throw;
        }
    }

    private static ModelMetadata Check(ModelRunner runner)
    {
        if (runner.Metadata is not { } metadata)
        {
            throw new ModelException(
                $"'{runner.Source}' holds no labels and no preprocessing, so it cannot classify images: use a classifier that 'onefractal finetune' wrote.");
        }

        if (metadata.Labels.Count == 0)
        {
            throw new ModelException(
                $"'{runner.Source}' is a backbone without a classification head: fine-tune it first with 'onefractal finetune'.");
        }

        return runner.OutputShape is [var classes] && classes == metadata.Labels.Count
            ? metadata
            : throw new ModelException(
                $"'{runner.Source}' has {metadata.Labels.Count} labels, but its output for an image is [{string.Join(", ", runner.OutputShape)}]; export it again.");
    }
}
