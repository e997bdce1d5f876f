using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;

namespace OneFractal.Evaluation;

/// <summary>Measures how fast models are and, where there are labelled images, how often they are right.</summary>
public static class InferenceEvaluation
{
    // Which test images are used must not change from one comparison to the next.
    private const ulong TestSeed = 0;

    /// <summary>Runs it.</summary>
    /// <param name="settings">What to measure.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OneFractalException">A model cannot be run or is no classifier of these classes, an image cannot be read, or a device not be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static InferenceReport Run(InferenceEvaluationSettings settings, IProgressReporter? progress = null, CancellationToken cancellation = default)
    {
        // Accuracy first: a model that does not fit the images is refused before minutes of measuring.
        IReadOnlyList<InferenceAccuracy> accuracy = settings.Data is { } data ? Test(data, settings, progress, cancellation) : [];
        var speed = InferenceBenchmark.Run(settings.Speed, progress, cancellation);
        return new InferenceReport(speed, InferenceRatio.Of(speed.Runs), accuracy);
    }

    private static List<InferenceAccuracy> Test(
        string data, InferenceEvaluationSettings settings, IProgressReporter? progress, CancellationToken cancellation)
    {
        using var all = Datasets.Open(data, DatasetSplit.Test);
        var images = settings.TestImages is { } count && count < all.Count ? SubsetDataset.Stratified(all, count, TestSeed) : all;
        var session = new SessionSettings { Device = settings.Speed.Devices[0], Threads = settings.Speed.Threads[0] };
        var accuracy = new List<InferenceAccuracy>();
        foreach (var model in settings.Speed.Models)
        {
            using var classifier = model.LoadClassifier(session);
            var loader = LoaderSettings.ForEvaluation(classifier.Preprocessing, new LoaderSettings().Workers);
            var result = TestSet.Evaluate(classifier, images, loader, progress, cancellation);
            accuracy.Add(new InferenceAccuracy(model.Name, result.Count, result.Accuracy, result.Top5Accuracy, result.Loss));
        }

        return accuracy;
    }
}
