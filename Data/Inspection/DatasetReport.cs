namespace OneFractal.Data.Inspection;

/// <summary>What a data set holds.</summary>
/// <param name="ClassNames">The classes, in label order.</param>
/// <param name="Splits">Its splits, those that it has.</param>
/// <param name="Warnings">What may spoil training or testing, a line each.</param>
public sealed record DatasetReport(IReadOnlyList<string> ClassNames, IReadOnlyList<SplitReport> Splits, IReadOnlyList<string> Warnings);
