using static TorchSharp.torch;

namespace OneFractal.Training;

/// <summary>How a plan runs.</summary>
/// <param name="Training">Whether Dropout drops and BatchNormalization uses the batch.</param>
/// <param name="Device">Where values are computed; shapes stay on the host.</param>
internal sealed record ExecutionMode(bool Training, Device Device);
