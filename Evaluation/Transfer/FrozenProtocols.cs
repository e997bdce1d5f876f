using System.Diagnostics;
using OneFractal.Training;

namespace OneFractal.Evaluation;

/// <summary>The protocols that leave a backbone as it is: linear probe, few-shot and nearest neighbours on its features, which are computed once.</summary>
internal sealed class FrozenProtocols : IDisposable
{
    private readonly TransferSettings _settings;
    private readonly TransferBackbone _backbone;
    private readonly TransferData _data;
    private readonly ModelOutputs _pool;
    private readonly ModelOutputs _test;

    public FrozenProtocols(TransferSettings settings, TransferBackbone backbone, TransferData data, ulong seed, JobOptions options)
    {
        (_settings, _backbone, _data) = (settings, backbone, data);
        var model = backbone.Features(seed);
        _pool = new ModelOutputs(model, data.Pool, options);
        _test = new ModelOutputs(model, data.Test, options);
    }

    public ProtocolOutcome Probe(LabelledSplit split, bool refit, CancellationToken cancellation)
    {
        var (training, validation, test) = (Labelled(split.Training, cancellation), Labelled(split.Validation, cancellation), Test(cancellation));
        var start = Stopwatch.GetTimestamp();
        var probe = LinearProbe.Fit(training, validation, _data.Classes, _settings.Strengths, refit, cancellation);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new ProtocolOutcome(
            probe.Predict(test), refit ? split.All.Length : split.Training.Length, refit ? 0 : split.Validation.Length)
        {
            L2 = probe.L2,
            ValidationAccuracy = probe.ValidationAccuracy,
            TrainingSeconds = seconds,
            ImagesPerSecond = _test.ImagesPerSecond,
        };
    }

    public ProtocolOutcome NearestNeighbours(LabelledSplit split, CancellationToken cancellation)
    {
        // There is nothing to choose, so that all labelled images vote.
        var bank = Labelled(split.All, cancellation);
        var predictions = Evaluation.NearestNeighbours.Classify(bank.Features, bank.Labels, _data.Classes, Test(cancellation));
        return new ProtocolOutcome(predictions, split.All.Length, 0) { ImagesPerSecond = _test.ImagesPerSecond };
    }

    public void Dispose()
    {
        _pool.Dispose();
        _test.Dispose();
    }

    private LabelledFeatures Labelled(int[] indices, CancellationToken cancellation)
    {
        return new LabelledFeatures(_pool.Of(indices, Title("labelled"), cancellation), [.. indices.Select(i => _data.PoolLabels[i])]);
    }

    private FeatureMatrix Test(CancellationToken cancellation) => _test.All(Title("test"), cancellation);

    private string Title(string images) => $"Features of {_backbone.Name}, {images} images of {_data.Source.Name}";
}
