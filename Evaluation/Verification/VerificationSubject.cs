using OneFractal.Export.Onnx;
using DataType = OneFractal.Export.Onnx.TensorProto.Types.DataType;

namespace OneFractal.Evaluation;

/// <summary>A model and the images that all runtimes are given.</summary>
internal sealed class VerificationSubject
{
    private const int LargestBatch = 16;
    private readonly OnnxModel _model;
    private readonly string _file;
    private readonly ModelRunner _facts;
    private readonly VerificationWork _work;
    private readonly string _input;
    private readonly IReadOnlySet<string> _scores;
    private readonly Dictionary<int, IReadOnlyList<ExpectedOutput>> _expected = [];
    private RuntimeJob? _fixed;

    /// <param name="model">The model.</param>
    /// <param name="file">The same as a file.</param>
    /// <param name="facts">What ONNX Runtime says of it.</param>
    /// <param name="images">The images.</param>
    /// <param name="work">Where models are written.</param>
    /// <exception cref="ModelException">It has outputs that cannot be compared.</exception>
    public VerificationSubject(OnnxModel model, string file, ModelRunner facts, VerificationImages images, VerificationWork work)
    {
        (_facts, _work, Images) = (facts, work, images);
        (_model, _file) = WithFloatOutputs(model) is { } changed ? (changed, work.Job(changed, []).File) : (model, file);
        _input = model.Graph.Input.Select(i => i.Name).Except(model.Graph.Initializer.Select(t => t.Name)).Single();
        _scores = ForeignModel.ClassScores(model).ToHashSet();
    }

    /// <summary>The images.</summary>
    public VerificationImages Images { get; }

    /// <summary>All images, in batches.</summary>
    /// <param name="fixedShapes">Whether the runtime needs a model whose shapes are all fixed; it then gets an image at a time where the model takes any number.</param>
    /// <exception cref="ModelException">The shapes cannot be fixed.</exception>
    public RuntimeJob Job(bool fixedShapes)
    {
        return fixedShapes
            ? _fixed ??= _work.Job(FixedBatch.Apply(_model, BatchSize(fixedShapes)), Batches(BatchSize(fixedShapes)))
            : new RuntimeJob(_model, _file, Batches(BatchSize(fixedShapes)));
    }

    /// <summary>Images in one run.</summary>
    public int BatchSize(bool fixedShapes) => _facts.FixedBatch ?? (fixedShapes || _facts.TakesPhotos ? 1 : Math.Min(LargestBatch, Images.Count));

    /// <summary>The smallest batch with an image in it, and the model for it.</summary>
    /// <inheritdoc cref="Job" path="/exception" />
    public (OnnxModel Model, IReadOnlyList<RuntimeTensor> Batch) One(int image, bool fixedShapes)
    {
        var size = _facts.FixedBatch ?? 1;
        var images = ImagesIn(size);
        return (fixedShapes ? Job(fixedShapes).Model : _model, [Batch(image / images * images, size)]);
    }

    /// <summary>
    /// What the reference gives, for the model as it is and for the batches of <see cref="Job"/>: of some models, an image's outputs depend on its neighbours.
    /// </summary>
    /// <exception cref="ModelException">It gives values that are not finite, or cannot run the model.</exception>
    public IReadOnlyList<ExpectedOutput> Expected(IModelRuntime reference, bool fixedShapes, CancellationToken cancellation)
    {
        var size = BatchSize(fixedShapes);
        if (!_expected.TryGetValue(size, out var expected))
        {
            var job = new RuntimeJob(_model, _file, Batches(size));
            var outputs = reference.Run(job, cancellation);
            _expected[size] = expected = [.. _model.Graph.Output.Select(o => Expect(o.Name, job, [.. outputs.Where(t => t.Name == o.Name)]))];
        }

        return expected;
    }

    /// <summary>Images in a batch that is not the last. A photo has a size of its own, so that a batch of a fixed size is filled with it.</summary>
    private int ImagesIn(int batchSize) => _facts.TakesPhotos ? 1 : batchSize;

    private ExpectedOutput Expect(string name, RuntimeJob job, RuntimeTensor[] batches)
    {
        if (!batches.All(b => b.Values.All(float.IsFinite)))
        {
            throw new ModelException($"'{_model.Source}' gives outputs that are not finite numbers: its weights are not usable.");
        }

        int[] sizes = [.. job.Batches.Select(b => b[0].Dims[0])];
        var byImage = batches.Zip(sizes).All(b => b.First.Dims is [var rows, ..] && rows % b.Second == 0);
        var images = ImagesIn(sizes[0]);
        var parts = batches.Select((b, i) => byImage ? b.Values[..(b.Values.Length / sizes[i] * Math.Min(images, Images.Count - i * images))] : b.Values);
        var isScores = batches[0].Dims is [_, var classes] && classes > 1 && name != _model.FeaturesValue && (_scores.Contains(name) || _model.Metadata?.Labels.Count == classes);
        return new ExpectedOutput(name, [.. parts.Zip(batches, (p, b) => (p, b.Values.Length))], byImage ? Images.Count : 1, byImage && isScores);
    }

    private IReadOnlyList<RuntimeTensor>[] Batches(int size)
    {
        var step = ImagesIn(size);
        return
        [
            .. Enumerable.Range(0, Images.Count).Where(i => i % step == 0)
                .Select(first => (RuntimeTensor[])[Batch(first, _facts.FixedBatch is null ? Math.Min(size, Images.Count - first) : size)]),
        ];
    }

    private RuntimeTensor Batch(int first, int size)
    {
        if (_facts.TakesPhotos)
        {
            var (photo, height, width) = Images.Photos[first];
            return new RuntimeTensor(_input, [size, height, width, 3], []) { Bytes = [.. Enumerable.Repeat(photo, size).SelectMany(b => b)] };
        }

        var pixels = new float[size * _facts.ImageLength];
        foreach (var (i, image) in Images.Pixels.Skip(first).Take(size).Index())
        {
            image.CopyTo(pixels, i * _facts.ImageLength);
        }

        return new RuntimeTensor(_input, [size, .. _facts.ImageShape], pixels);
    }

    /// <summary>A copy in which outputs of other types, such as the index of the likeliest class, are cast; null where there are none.</summary>
    private static OnnxModel? WithFloatOutputs(OnnxModel model)
    {
        if (model.Graph.Output.All(o => TensorInfo.From(o)?.Type == DataType.Float))
        {
            return null;
        }

        var result = model.Clone();
        foreach (var output in result.Graph.Output.ToArray())
        {
            if (TensorInfo.From(output) is not { } info || info.Type is DataType.Undefined or DataType.String or DataType.Complex64 or DataType.Complex128)
            {
                throw new ModelException($"'{model.Source}': its output '{output.Name}' is no tensor of real numbers, so that runtimes cannot be compared.");
            }

            if (info.Type != DataType.Float)
            {
                var cast = GraphEdits.MakeNode("Cast", GraphEdits.FreshName(result.Graph, $"{output.Name}.float"), output.Name);
                cast.Set("to", (long)DataType.Float);
                result.Graph.Node.Add(cast);
                result.Graph.Output[result.Graph.Output.IndexOf(output)] = (info with { Type = DataType.Float }).ToProto(cast.Output[0]);
            }
        }

        return result;
    }
}
