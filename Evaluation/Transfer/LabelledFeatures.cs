namespace OneFractal.Evaluation;

/// <summary>Features of labelled images.</summary>
/// <param name="Features">[images, width].</param>
/// <param name="Labels">The class of each.</param>
internal sealed record LabelledFeatures(FeatureMatrix Features, int[] Labels);
