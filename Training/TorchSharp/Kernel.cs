using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>
/// One compiled node. Inputs stay the caller's; every result is a tensor of its own (a view at least), which the caller disposes.
/// The kernels of <see cref="InPlace"/> return the input that they overwrite.
/// </summary>
/// <param name="inputs">The inputs in order; null where one is left out.</param>
/// <param name="mode">How the plan runs.</param>
internal delegate Tensor[] Kernel(Tensor?[] inputs, ExecutionMode mode);
