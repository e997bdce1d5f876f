namespace OneFractal.Export;

/// <summary>A foreign model that has become one of ours.</summary>
/// <param name="Model">The graph with metadata: what trains, where the features are, how to feed it. Its outputs are those of the file.</param>
/// <param name="Notes">What was found, assumed and changed, a line each.</param>
public sealed record ForeignImport(OnnxModel Model, IReadOnlyList<string> Notes);
