namespace OneFractal.Evaluation;

/// <summary>How well predictions fit the labels.</summary>
/// <param name="Count">Number of images.</param>
/// <param name="Top1">Share whose likeliest class is right.</param>
/// <param name="Top5">Share whose class is among the five likeliest.</param>
/// <param name="Confusion">What was taken for what.</param>
/// <param name="Calibration">Predictions by confidence.</param>
public sealed record TestScores(int Count, double Top1, double Top5, ConfusionMatrix Confusion, IReadOnlyList<CalibrationBin> Calibration)
{
    private const int Top = 5;

    /// <summary>Expected calibration error of 15 bins.</summary>
    public double CalibrationError => Evaluation.Calibration.Error(Calibration);

    /// <summary>Scores predictions.</summary>
    /// <param name="predictions">Probabilities of each image.</param>
    /// <param name="labels">The class of each image.</param>
    public static TestScores Of(ImagePredictions predictions, ReadOnlySpan<int> labels)
    {
        if (labels.Length == 0 || labels.Length != predictions.Count)
        {
            throw new ArgumentException($"There are {labels.Length} labels for {predictions.Count} predictions.", nameof(labels));
        }

        var (predicted, confidences, correct) = (new int[labels.Length], new float[labels.Length], new bool[labels.Length]);
        int top1 = 0, top5 = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            var row = predictions.Row(i);
            var rank = LogitRow.Rank(row, labels[i]);
            top1 += rank == 0 ? 1 : 0;
            top5 += rank < Top ? 1 : 0;
            (predicted[i], correct[i]) = (LogitRow.ArgMax(row), rank == 0);
            confidences[i] = row[predicted[i]];
        }

        return new TestScores(
            labels.Length,
            top1 / (double)labels.Length,
            top5 / (double)labels.Length,
            ConfusionMatrix.Of(labels, predicted, predictions.Classes),
            Evaluation.Calibration.Bins(confidences, correct));
    }
}
