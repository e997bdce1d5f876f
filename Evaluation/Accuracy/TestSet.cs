using System.Diagnostics;
using OneFractal.Data;
using OneFractal.Data.Loading;
using OneFractal.Data.Readers;
using OneFractal.Data.Transforms;

namespace OneFractal.Evaluation;

/// <summary>Tests a classifier file on labelled images through ONNX Runtime: what a deployment would score.</summary>
public static class TestSet
{
    private const int Top = 5, MistakesKept = 40;

    /// <summary>
    /// One pass over <paramref name="dataset"/>, whose classes are matched to the classifier's by name. Memory does not grow with the number of images.
    /// </summary>
    /// <param name="classifier">The classifier.</param>
    /// <param name="dataset">Labelled images; they stay the caller's to dispose.</param>
    /// <param name="loader">Batch size and workers.</param>
    /// <param name="progress">Told the images that are done.</param>
    /// <param name="cancellation">Ends the pass.</param>
    /// <exception cref="DataException">An image cannot be read, or the classifier does not know a class of the data set.</exception>
    public static TestSetResult Evaluate(
        Classifier classifier,
        IImageDataset dataset,
        LoaderSettings? loader = null,
        IProgressReporter? progress = null,
        CancellationToken cancellation = default)
    {
        var places = MatchClasses(classifier.Labels, classifier.Runner.Source, dataset);
        var classes = classifier.Labels.Count;
        loader ??= LoaderSettings.ForEvaluation(classifier.Preprocessing, new LoaderSettings().Workers);
        var areProbabilities = classifier.Runner.OutputName == OutputSelection.Probabilities;
        var logits = new float[loader.BatchSize * classes];
        int[][] confusion = [.. Enumerable.Range(0, classes).Select(_ => new int[classes])];
        var mistakes = new SurestMistakes(MistakesKept);
        int count = 0, correctTop5 = 0;
        var loss = 0.0;
        using var task = (progress ?? NullProgress.Instance).Start("Testing", dataset.Count);
        var start = Stopwatch.GetTimestamp();
        if (classifier.Runner.TakesPhotos)
        {
            // It preprocesses by itself, and an image has a size of its own.
            for (var i = 0; i < dataset.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var image = dataset.Load(i);
                classifier.Runner.Run(Photo.From(image), logits);
                Count(i, places[dataset.Label(i)], logits.AsSpan(0, classes));
                task.Report(count);
            }
        }
        else
        {
            foreach (var batch in new BatchLoader(dataset, new EvaluationTransform(classifier.Preprocessing), loader).Pass(cancellation))
            {
                using (batch)
                {
                    classifier.Runner.Run(batch.Pixels, batch.Count, logits);
                    for (var i = 0; i < batch.Count; i++)
                    {
                        Count(batch.Indices.Span[i], places[batch.Labels.Span[i]], logits.AsSpan(i * classes, classes));
                    }
                }

                task.Report(count);
            }
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new TestSetResult(new ConfusionMatrix(confusion), correctTop5, loss / count, count / seconds, mistakes.ToList());

        void Count(int index, int label, Span<float> row)
        {
            if (areProbabilities)
            {
                ToLogits(row);
            }

            var rank = LogitRow.Rank(row, label);
            var predicted = LogitRow.ArgMax(row);
            confusion[label][predicted]++;
            if (predicted != label)
            {
                mistakes.Add(new Mistake(index, label, predicted, Math.Exp(-LogitRow.CrossEntropy(row, predicted))));
            }

            correctTop5 += rank < Top ? 1 : 0;
            loss += LogitRow.CrossEntropy(row, label);
            count++;
        }
    }

    /// <summary>Logarithms, which are logits of the same probabilities; one that float32 rounds to 0 counts as the smallest number that it has.</summary>
    private static void ToLogits(Span<float> probabilities)
    {
        foreach (ref var value in probabilities)
        {
            value = MathF.Log(MathF.Max(value, float.Epsilon));
        }
    }

    /// <summary>For each class of the data set, its place among the labels of the classifier <paramref name="source"/>.</summary>
    /// <exception cref="DataException">The classifier does not know a class of the data set.</exception>
    internal static int[] MatchClasses(IReadOnlyList<string> labels, string source, IImageDataset dataset)
    {
        if (labels.SequenceEqual(dataset.ClassNames))
        {
            return [.. Enumerable.Range(0, dataset.ClassNames.Count)];
        }

        // ImageNet's names, for one, are not all different.
        var places = new Dictionary<string, int>();
        foreach (var (index, label) in labels.Index())
        {
            places.TryAdd(label, index);
        }

        return dataset.ClassNames.FirstOrDefault(name => !places.ContainsKey(name)) is { } unknown
            ? throw new DataException(
                $"The classifier '{source}' does not know the class '{unknown}' of the data set; it knows {string.Join(", ", labels.Take(10))}{(labels.Count > 10 ? ", …" : "")}.")
            : [.. dataset.ClassNames.Select(name => places[name])];
    }
}
