using System.Diagnostics;
using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>What a model says of the images of a data set, through ONNX Runtime: of each image computed once, when it is first asked for.</summary>
internal sealed class ModelOutputs : IDisposable
{
    private readonly ModelRunner _runner;
    private readonly IImageDataset _images;
    private readonly JobOptions _options;
    private readonly float[]?[] _rows;
    private int _computed;
    private TimeSpan _elapsed;

    /// <summary>Outputs of <paramref name="model"/>, which has preprocessing in its metadata, for images that stay the caller's.</summary>
    public ModelOutputs(OnnxModel model, IImageDataset images, JobOptions options)
    {
        _images = images;
        _options = options;
        _rows = new float[images.Count][];
        _runner = ModelRunner.Create(model, new SessionSettings { Device = options.Device, Threads = options.Threads });
    }

    /// <summary>Images a second so far, reading and preprocessing included.</summary>
    public double ImagesPerSecond => _computed == 0 ? 0 : _computed / _elapsed.TotalSeconds;

    /// <summary>The outputs of all images.</summary>
    public FeatureMatrix All(string title, CancellationToken cancellation) => Of([.. Enumerable.Range(0, _images.Count)], title, cancellation);

    /// <summary>The outputs of some images, in the order of their indices.</summary>
    /// <param name="indices">Which images.</param>
    /// <param name="title">What progress calls the work, if there is any.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    public FeatureMatrix Of(int[] indices, string title, CancellationToken cancellation)
    {
        int[] missing = [.. indices.Where(i => _rows[i] is null).Distinct()];
        if (missing.Length > 0)
        {
            Compute(missing, title, cancellation);
        }

        var width = _runner.OutputLength;
        var values = new float[indices.Length * width];
        for (var i = 0; i < indices.Length; i++)
        {
            _rows[indices[i]]!.CopyTo(values, i * width);
        }

        return new FeatureMatrix(values, width);
    }

    public void Dispose() => _runner.Dispose();

    private void Compute(int[] indices, string title, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        var preprocessing = _runner.Metadata!.Preprocessing;
        var settings = LoaderSettings.ForEvaluation(preprocessing, _options.Workers);
        // The subset is a view: the images stay whose they are.
        var loader = new BatchLoader(new SubsetDataset(_images, indices), new EvaluationTransform(preprocessing), settings);
        var outputs = new float[settings.BatchSize * _runner.OutputLength];
        var done = 0;
        using var task = _options.Progress.Start(title, indices.Length);
        foreach (var batch in loader.Pass(cancellation))
        {
            using (batch)
            {
                _runner.Run(batch.Pixels, batch.Count, outputs);
                for (var i = 0; i < batch.Count; i++)
                {
                    _rows[indices[batch.Indices.Span[i]]] = Finite(outputs.AsSpan(i * _runner.OutputLength, _runner.OutputLength).ToArray(), title);
                }

                done += batch.Count;
            }

            task.Report(done);
        }

        _computed += done;
        _elapsed += Stopwatch.GetElapsedTime(start);
    }

    private static float[] Finite(float[] row, string title)
    {
        return row.All(float.IsFinite) ? row : throw new OneFractalException($"{title}: the model computes what is no number; its weights are damaged.");
    }
}
