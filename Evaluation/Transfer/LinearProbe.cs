namespace OneFractal.Evaluation;

/// <summary>A linear classifier on frozen features, whose strength of L2 was chosen on validation images.</summary>
internal sealed class LinearProbe
{
    private readonly FeatureScaling _scaling;
    private readonly LogisticRegression _regression;

    private LinearProbe(FeatureScaling scaling, LogisticRegression regression, double l2, double validationAccuracy)
    {
        _scaling = scaling;
        _regression = regression;
        L2 = l2;
        ValidationAccuracy = validationAccuracy;
    }

    /// <summary>The strength chosen.</summary>
    public double L2 { get; }

    /// <summary>The accuracy on the validation images by which it was chosen.</summary>
    public double ValidationAccuracy { get; }

    /// <summary>Fits a classifier for each strength and keeps the one that is best on the validation images; of equally accurate ones, the surer.</summary>
    /// <param name="training">Features and classes to learn from.</param>
    /// <param name="validation">Features and classes to choose by.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="strengths">λ of <see cref="LogisticLoss"/>.</param>
    /// <param name="refit">Whether the one kept learns once more from training and validation images together.</param>
    /// <param name="cancellation">Stops between two fits.</param>
    public static LinearProbe Fit(
        LabelledFeatures training, LabelledFeatures validation, int classes, IReadOnlyList<double> strengths, bool refit, CancellationToken cancellation)
    {
        var scaling = FeatureScaling.Of(training.Features);
        var (inputs, held) = (scaling.Apply(training.Features), scaling.Apply(validation.Features));
        (LogisticRegression Regression, double L2, double Accuracy, double Loss)? best = null;
        LogisticRegression? last = null;
        foreach (var l2 in strengths.OrderDescending())
        {
            cancellation.ThrowIfCancellationRequested();
            last = LogisticRegression.Fit(inputs, training.Labels, classes, l2, last);
            var (accuracy, loss) = Score(last.Predict(held), validation.Labels);
            if (best is not { } b || accuracy > b.Accuracy || (accuracy == b.Accuracy && loss < b.Loss))
            {
                best = (last, l2, accuracy, loss);
            }
        }

        var chosen = best!.Value;
        if (!refit)
        {
            return new LinearProbe(scaling, chosen.Regression, chosen.L2, chosen.Accuracy);
        }

        var all = training.Features.Concat(validation.Features);
        scaling = FeatureScaling.Of(all);
        var again = LogisticRegression.Fit(scaling.Apply(all), [.. training.Labels, .. validation.Labels], classes, chosen.L2);
        return new LinearProbe(scaling, again, chosen.L2, chosen.Accuracy);
    }

    /// <summary>Probabilities of each image.</summary>
    public ImagePredictions Predict(FeatureMatrix features) => _regression.Predict(_scaling.Apply(features));

    private static (double Accuracy, double Loss) Score(ImagePredictions predictions, int[] labels)
    {
        var (correct, loss) = (0, 0.0);
        for (var i = 0; i < labels.Length; i++)
        {
            correct += LogitRow.ArgMax(predictions.Row(i)) == labels[i] ? 1 : 0;
            loss -= Math.Log(Math.Max(predictions.Row(i)[labels[i]], float.Epsilon));
        }

        return (correct / (double)labels.Length, loss / labels.Length);
    }
}
