namespace OneFractal.Evaluation;

/// <summary>How well a classifier does on labelled images.</summary>
/// <param name="Confusion">What was taken for what, by the classifier's labels.</param>
/// <param name="CorrectTop5">Images whose right class is among the five likeliest.</param>
/// <param name="Loss">Mean cross-entropy, in nats.</param>
/// <param name="ImagesPerSecond">Images a second, reading and preprocessing included.</param>
/// <param name="Mistakes">The mistakes it was surest of, the surest first; classes by the classifier's labels.</param>
public sealed record TestSetResult(ConfusionMatrix Confusion, int CorrectTop5, double Loss, double ImagesPerSecond, IReadOnlyList<Mistake> Mistakes)
{
    /// <summary>Images tested.</summary>
    public int Count { get; } = Confusion.Counts.Sum(row => row.Sum());

    /// <summary>Images whose likeliest class is the right one.</summary>
    public int Correct { get; } = Confusion.Counts.Index().Sum(row => row.Item[row.Index]);

    /// <summary>Share of correct images.</summary>
    public double Accuracy => (double)Correct / Count;

    /// <summary>Share of images whose right class is among the five likeliest.</summary>
    public double Top5Accuracy => (double)CorrectTop5 / Count;
}
