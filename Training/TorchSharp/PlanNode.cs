namespace OneFractal.Training;

/// <summary>One thing to run: a node of the graph, or several that one torch function computes.</summary>
/// <param name="Operator">The node's operator, or the name of the fused function.</param>
/// <param name="Description">What errors call it.</param>
/// <param name="Kernel">What runs.</param>
/// <param name="Inputs">Names of the values it reads; empty where one is left out.</param>
/// <param name="Outputs">Names of the values it computes.</param>
internal sealed record PlanNode(string Operator, string Description, Kernel Kernel, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);
