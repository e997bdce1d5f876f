namespace OneFractal.Inference;

/// <summary>What a classifier says of one image.</summary>
public sealed class Prediction
{
    private readonly IReadOnlyList<string> _labels;

    internal Prediction(IReadOnlyList<string> labels, ReadOnlySpan<float> logits)
    {
        _labels = labels;
        Probabilities = LogitRow.Softmax(logits);
        Index = LogitRow.ArgMax(logits);
    }

    /// <summary>Probability of each class, in the order of the labels; they sum to 1.</summary>
    public IReadOnlyList<float> Probabilities { get; }

    /// <summary>Index of the likeliest class; of equal ones, the first.</summary>
    public int Index { get; }

    /// <summary>Name of the likeliest class.</summary>
    public string Label => _labels[Index];

    /// <summary>Its probability.</summary>
    public float Probability => Probabilities[Index];

    /// <summary>The <paramref name="count"/> likeliest classes, the likeliest first; fewer when there are not as many.</summary>
    public IReadOnlyList<ClassProbability> Top(int count)
    {
        return [.. Enumerable.Range(0, _labels.Count)
            .OrderByDescending(i => Probabilities[i])
            .Take(count)
            .Select(i => new ClassProbability(i, _labels[i], Probabilities[i]))];
    }
}
