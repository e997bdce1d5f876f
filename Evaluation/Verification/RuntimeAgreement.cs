namespace OneFractal.Evaluation;

/// <summary>
/// How far the outputs of one runtime, <c>a</c>, are from the reference's, <c>b</c>, over all outputs of the model. The figures are null where it gave no
/// outputs, or no finite ones.
/// </summary>
public sealed record RuntimeAgreement : AgreementFigures
{
    /// <summary>Name of the runtime.</summary>
    public required string Runtime { get; init; }

    /// <summary>The verdict.</summary>
    public required VerificationStatus Status { get; init; }

    /// <summary>Largest absolute error that passes, in units of the reference's largest value at the same output, or of 1 where that is larger.</summary>
    public double? Tolerance { get; init; }

    /// <summary>Each output of the model by itself, in the model's order; empty where there is nothing to compare.</summary>
    public IReadOnlyList<OutputAgreement> Outputs { get; init; } = [];

    /// <summary>The output with the largest error, in units of what it may have; null where there is nothing to compare.</summary>
    public string? WorstOutput { get; init; }

    /// <summary>Why it failed or is not there, else empty.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Where it first differs from the reference, if it failed and this was looked for.</summary>
    public FirstDifference? FirstDifference { get; init; }

    /// <summary>The agreement over these outputs, of which there is at least one.</summary>
    internal static RuntimeAgreement Of(string runtime, double tolerance, IReadOnlyList<OutputAgreement> outputs)
    {
        var worst = outputs.MaxBy(o => o.Badness)!;
        var agreement = new RuntimeAgreement
        {
            Runtime = runtime,
            Status = outputs.All(o => o.Passed) ? VerificationStatus.Passed : VerificationStatus.Failed,
            Tolerance = tolerance,
            Outputs = outputs,
            WorstOutput = worst.Output,
        };
        if (outputs.FirstOrDefault(o => o.Detail.Length > 0) is { } without)
        {
            return agreement with { Detail = outputs.Count == 1 ? without.Detail : $"'{without.Output}': {without.Detail}" };
        }

        var histogram = outputs[0].Histogram!.Select((bin, i) => bin with { Count = outputs.Sum(o => o.Histogram![i].Count) }).ToArray();
        long[] counts = [.. outputs.Select(o => o.Histogram!.Sum(b => b.Count))];
        double Mean(Func<OutputAgreement, double?> value) => outputs.Zip(counts, (o, count) => value(o)!.Value * count).Sum() / Math.Max(1, counts.Sum());
        return agreement with
        {
            MaxAbsoluteError = outputs.Max(o => o.MaxAbsoluteError),
            MeanAbsoluteError = Mean(o => o.MeanAbsoluteError),
            MaxRelativeError = outputs.Max(o => o.MaxRelativeError),
            MeanRelativeError = Mean(o => o.MeanRelativeError),
            Top1Agreement = outputs.Min(o => o.Top1Agreement),
            Top5Agreement = outputs.Min(o => o.Top5Agreement),
            Histogram = histogram,
        };
    }
}
