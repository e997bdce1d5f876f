namespace OneFractal.Training;

/// <summary>Adds the nodes that compute the gradients of a node's inputs, in their order; null for an input that has none or is not asked for.</summary>
internal delegate Value?[] GradientRule(GradientContext context);
