namespace OneFractal.Evaluation;

/// <summary>What the reference gives at one output of a model, for the images of a verification.</summary>
/// <param name="Name">The output's name.</param>
/// <param name="Values">The values, one image after the other.</param>
/// <param name="Given">How many values there were with those of what filled up the last batch, which come last.</param>
/// <param name="Rows">Number of images, or 1 for an output that is not made of images.</param>
/// <param name="IsScores">Whether they are scores of classes.</param>
internal sealed record ExpectedOutput(string Name, float[] Values, int Given, int Rows, bool IsScores)
{
    private readonly double _scale = Values.Aggregate(1f, (largest, value) => Math.Max(largest, Math.Abs(value)));

    /// <summary>Holds what a runtime gave at all outputs against this one.</summary>
    /// <returns>The figures, and the image with the largest error.</returns>
    public (OutputAgreement Agreement, int WorstImage) Compare(IReadOnlyList<RuntimeTensor> outputs, double tolerance)
    {
        var agreement = new OutputAgreement { Output = Name, Passed = false, Scale = _scale };
        float[] actual = [.. outputs.Where(t => t.Name == Name).SelectMany(t => t.Values)];
        if (actual.Length != Given)
        {
            return (agreement with { Detail = $"it gives {actual.Length} values where {Given} are expected" }, 0);
        }

        var comparison = OutputComparison.Of(actual.AsSpan(0, Values.Length), Values, Rows);
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
