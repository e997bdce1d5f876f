namespace OneFractal.Inference;

/// <summary>What a model takes and gives.</summary>
internal sealed record InferenceShapes(string InputName, IReadOnlyList<int> Image, string OutputName, IReadOnlyList<int> Output, int? FixedBatch);
