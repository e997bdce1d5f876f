namespace OneFractal.Evaluation;

/// <summary>What the reference gives at one output of a model, for the images of a verification.</summary>
/// <param name="Name">The output's name.</param>
/// <param name="Batches">Of each batch, the values of its images, one after the other, and how many there were with those of what filled it up, which come after.</param>
/// <param name="Rows">Number of images, or 1 for an output that is not made of images.</param>
/// <param name="IsScores">Whether they are scores of classes.</param>
internal sealed record ExpectedOutput(string Name, IReadOnlyList<(float[] Values, int Given)> Batches, int Rows, bool IsScores)
{
    private readonly float[] _values = [.. Batches.SelectMany(b => b.Values)];

    /// <summary>Holds what a runtime gave at all outputs against this one.</summary>
    /// <returns>The figures, and the image with the largest error.</returns>
    public (OutputAgreement Agreement, int WorstImage) Compare(IReadOnlyList<RuntimeTensor> outputs, double tolerance)
    {
        var scale = _values.Aggregate(1f, (largest, value) => Math.Max(largest, Math.Abs(value)));
        var agreement = new OutputAgreement { Output = Name, Passed = false, Scale = scale };
        RuntimeTensor[] given = [.. outputs.Where(t => t.Name == Name)];
        if (!given.Select(t => t.Values.Length).SequenceEqual(Batches.Select(b => b.Given)))
        {
            return (agreement with { Detail = $"it gives {given.Sum(t => (long)t.Values.Length)} values where {Batches.Sum(b => (long)b.Given)} are expected" }, 0);
        }

        float[] actual = [.. given.Zip(Batches, (t, b) => t.Values.Take(b.Values.Length)).SelectMany(v => v)];
        var comparison = OutputComparison.Of(actual, _values, Rows);
        var worst = Rows > 1 ? comparison.WorstRow : 0;
        if (!double.IsFinite(comparison.MaxAbsolute))
        {
            return (agreement with { Detail = "some outputs are not finite numbers" }, worst);
        }

        return (agreement with
        {
            Passed = comparison.MaxAbsolute <= tolerance * comparison.Scale,
            MaxAbsoluteError = comparison.MaxAbsolute,
            MeanAbsoluteError = comparison.MeanAbsolute,
            MaxRelativeError = comparison.MaxRelative,
            MeanRelativeError = comparison.MeanRelative,
            Top1Agreement = IsScores ? comparison.Top1Agreement : null,
            Top5Agreement = IsScores ? comparison.Top5Agreement : null,
            Histogram = comparison.Histogram,
        }, worst);
    }
}
