namespace OneFractal.Evaluation;

/// <summary>How well a classifier does on labelled images.</summary>
/// <param name="Count">Images tested.</param>
/// <param name="Correct">Images whose likeliest class is the right one.</param>
/// <param name="CorrectTop5">Images whose right class is among the five likeliest.</param>
/// <param name="Loss">Mean cross-entropy, in nats.</param>
/// <param name="ImagesPerSecond">Images a second, reading and preprocessing included.</param>
public sealed record TestSetResult(int Count, int Correct, int CorrectTop5, double Loss, double ImagesPerSecond)
{
    /// <summary>Share of correct images.</summary>
    public double Accuracy => (double)Correct / Count;

    /// <summary>Share of images whose right class is among the five likeliest.</summary>
    public double Top5Accuracy => (double)CorrectTop5 / Count;
}
