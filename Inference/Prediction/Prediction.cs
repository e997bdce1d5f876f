namespace OneFractal.Inference;

/// <summary>What a classifier says of one image.</summary>
public sealed class Prediction
{
    private readonly IReadOnlyList<string> _labels;

    internal Prediction(IReadOnlyList<string> labels, ReadOnlySpan<float> output, bool areProbabilities)
    {
        _labels = labels;
        Probabilities = areProbabilities ? output.ToArray() : LogitRow.Softmax(output);
        Index = LogitRow.ArgMax(output);
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
        // Sorted in as they come: few are asked for, and of most classes it is clear at once that they are not among them.
        var places = new int[Math.Min(count, _labels.Count)];
        var found = 0;
        for (var i = 0; i < _labels.Count; i++)
        {
            var at = found;
            while (at > 0 && Probabilities[i] > Probabilities[places[at - 1]])
            {
                at--;
            }

            if (at < places.Length)
            {
                found = Math.Min(found + 1, places.Length);
                places.AsSpan(at, found - at - 1).CopyTo(places.AsSpan(at + 1));
                places[at] = i;
            }
        }

        return [.. places.Select(i => new ClassProbability(i, _labels[i], Probabilities[i]))];
    }
}
