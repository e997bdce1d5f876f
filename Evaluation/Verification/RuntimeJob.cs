namespace OneFractal.Evaluation;

/// <summary>What a runtime is to do: open a model and run batches.</summary>
/// <param name="Model">The model.</param>
/// <param name="File">The same model as a file.</param>
/// <param name="Batches">Of each run, the graph's inputs.</param>
internal sealed record RuntimeJob(OnnxModel Model, string File, IReadOnlyList<IReadOnlyList<RuntimeTensor>> Batches);
