namespace OneFractal.Inference;

/// <summary>What a classifier says of one image.</summary>
public sealed class Prediction
{
    private readonly IReadOnlyList<string> _labels;

    internal Prediction(IReadOnlyList<string> labels, ReadOnlySpan<float> logits)
    {
        _labels = labels;
        Probabilities = Softmax(logits);
        Index = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[Index])
            {
                Index = i;
            }
        }
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

    private static float[] Softmax(ReadOnlySpan<float> logits)
    {
        var largest = float.NegativeInfinity;
        foreach (var logit in logits)
        {
            largest = MathF.Max(largest, logit);
        }

        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp((double)logit - largest);
        }

        var probabilities = new float[logits.Length];
        for (var i = 0; i < logits.Length; i++)
        {
            probabilities[i] = (float)(Math.Exp((double)logits[i] - largest) / sum);
        }

        return probabilities;
    }
}
