namespace OneFractal.Evaluation;

/// <summary>Counts of images by their class and the class they were taken for.</summary>
public sealed class ConfusionMatrix
{
    private readonly int[][] _counts;

    /// <summary>A matrix of counts, a row for each class and a column for each class it was taken for.</summary>
    /// <param name="counts">[classes][classes].</param>
    public ConfusionMatrix(int[][] counts)
    {
        if (counts.Any(row => row.Length != counts.Length))
        {
            throw new ArgumentException("A confusion matrix is square.", nameof(counts));
        }

        _counts = counts;
    }

    /// <summary>The matrix of predictions.</summary>
    /// <param name="labels">The class of each image.</param>
    /// <param name="predicted">The class it was taken for.</param>
    /// <param name="classes">Number of classes.</param>
    public static ConfusionMatrix Of(ReadOnlySpan<int> labels, ReadOnlySpan<int> predicted, int classes)
    {
        int[][] counts = [.. Enumerable.Range(0, classes).Select(_ => new int[classes])];
        for (var i = 0; i < labels.Length; i++)
        {
            counts[labels[i]][predicted[i]]++;
        }

        return new ConfusionMatrix(counts);
    }

    /// <summary>Number of classes.</summary>
    public int Classes => _counts.Length;

    /// <summary>[classes][classes]: a row for each class, a column for each class it was taken for.</summary>
    public int[][] Counts => _counts;

    /// <summary>Share of images taken for what they are; NaN without images.</summary>
    public double Accuracy => Enumerable.Range(0, Classes).Sum(c => (double)_counts[c][c]) / _counts.Sum(row => row.Sum(n => (double)n));

    /// <summary>Mean over the classes that have images of the share of each that was found: what accuracy is when all classes count alike.</summary>
    public double BalancedAccuracy => Enumerable.Range(0, Classes).Where(c => Actual(c) > 0).Average(Recall);

    /// <summary>
    /// Mean over the classes, of those that have images or were predicted, of F1, the harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
    /// </summary>
    public double MacroF1 =>
        Enumerable.Range(0, Classes).Where(c => Actual(c) + Predicted(c) > 0).Average(F1);

    /// <summary>Images of class <paramref name="c"/>.</summary>
    public int Actual(int c) => _counts[c].Sum();

    /// <summary>Images taken for class <paramref name="c"/>.</summary>
    public int Predicted(int c) => _counts.Sum(row => row[c]);

    /// <summary>Share of the images taken for class <paramref name="c"/> that are of it; NaN where none was.</summary>
    public double Precision(int c) => _counts[c][c] / (double)Predicted(c);

    /// <summary>Share of the images of class <paramref name="c"/> that were taken for it; NaN where there are none.</summary>
    public double Recall(int c) => _counts[c][c] / (double)Actual(c);

    /// <summary>Harmonic mean of the precision and recall of class <paramref name="c"/>; NaN where it has no images and was never predicted.</summary>
    public double F1(int c) => 2.0 * _counts[c][c] / (Actual(c) + Predicted(c));

    /// <summary>The sum of two matrices of the same classes.</summary>
    public static ConfusionMatrix operator +(ConfusionMatrix a, ConfusionMatrix b)
    {
        return new ConfusionMatrix([.. a._counts.Zip(b._counts, (x, y) => x.Zip(y, (m, n) => m + n).ToArray())]);
    }
}
