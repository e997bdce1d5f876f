namespace OneFractal.Export;

/// <summary>Writes a parameter's initial values.</summary>
/// <param name="name">Full name, e.g. <c>blocks.0.attn.qkv.weight</c>.</param>
/// <param name="shape">Its dimensions.</param>
/// <param name="values">The values, row-major, all zero.</param>
public delegate void FillParameter(string name, ReadOnlySpan<long> shape, Span<float> values);
