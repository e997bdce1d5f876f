namespace OneFractal.Export;

/// <summary>The end of a residual branch, where stochastic depth goes in training.</summary>
/// <param name="Value">Name of the branch's last value, before it is added to the stream.</param>
/// <param name="Depth">Position of its block, from 0 (first) to 1 (last): the drop rate grows linearly with it.</param>
public sealed record ResidualBranch(string Value, double Depth);
