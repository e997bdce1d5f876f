namespace OneFractal.Inference;

/// <summary>A class and how likely it is.</summary>
/// <param name="Index">Index of the class.</param>
/// <param name="Label">Its name.</param>
/// <param name="Probability">In [0, 1].</param>
public sealed record ClassProbability(int Index, string Label, float Probability);
