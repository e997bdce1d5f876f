namespace OneFractal.Evaluation;

/// <summary>A model and the images that all runtimes are given.</summary>
/// <param name="model">The model.</param>
/// <param name="file">The same as a file.</param>
/// <param name="facts">What ONNX Runtime says of it.</param>
/// <param name="images">The images.</param>
/// <param name="work">Where models are written.</param>
internal sealed class VerificationSubject(OnnxModel model, string file, ModelRunner facts, VerificationImages images, VerificationWork work)
{
    private const int LargestBatch = 16;
    private readonly string _input = model.Graph.Input.Select(i => i.Name).Except(model.Graph.Initializer.Select(t => t.Name)).Single();
    private RuntimeJob? _dynamic;
    private RuntimeJob? _fixed;

    /// <summary>The images.</summary>
    public VerificationImages Images => images;

    /// <summary>Whether the outputs are scores of classes.</summary>
    public bool HasClasses { get; } = model.Metadata is { Labels.Count: > 0 };

    /// <summary>All images, in batches.</summary>
    /// <param name="fixedShapes">Whether the runtime needs a model whose shapes are all fixed; it then gets an image at a time where the model takes any number.</param>
    /// <exception cref="ModelException">The shapes cannot be fixed.</exception>
    public RuntimeJob Job(bool fixedShapes)
    {
        return fixedShapes
            ? _fixed ??= work.Job(FixedBatch.Apply(model, facts.FixedBatch ?? 1), Batches(facts.FixedBatch ?? 1))
            : _dynamic ??= new RuntimeJob(model, file, Batches(facts.FixedBatch ?? Math.Min(LargestBatch, images.Count)));
    }

    /// <summary>The smallest batch with an image in it, and the model for it.</summary>
    /// <inheritdoc cref="Job" path="/exception" />
    public (OnnxModel Model, IReadOnlyList<RuntimeTensor> Batch) One(int image, bool fixedShapes)
    {
        var size = facts.FixedBatch ?? 1;
        return (fixedShapes ? Job(fixedShapes).Model : model, [Batch(image / size * size, size)]);
    }

    /// <summary>The outputs of the images alone, one after the other.</summary>
    public float[] Outputs(IReadOnlyList<RuntimeTensor> batches)
    {
        // What a short batch was filled up with comes last.
        float[] all = [.. batches.SelectMany(b => b.Values)];
        var rows = batches.Sum(b => b.Dims is [var rows, ..] ? rows : 0);
        return rows < images.Count ? all : all[..(all.Length / rows * images.Count)];
    }

    private IReadOnlyList<RuntimeTensor>[] Batches(int size)
    {
        return [.. Enumerable.Range(0, images.Count).Where(i => i % size == 0).Select(first => (RuntimeTensor[])[Batch(first, facts.FixedBatch is null ? Math.Min(size, images.Count - first) : size)])];
    }

    private RuntimeTensor Batch(int first, int size)
    {
        var pixels = new float[size * facts.ImageLength];
        images.Pixels.AsSpan(first * facts.ImageLength, Math.Min(size, images.Count - first) * facts.ImageLength).CopyTo(pixels);
        return new RuntimeTensor(_input, [size, .. facts.ImageShape], pixels);
    }
}
