namespace OneFractal.Evaluation;

/// <summary>Values that a model is given, or gives.</summary>
/// <param name="Name">The name of the graph's input or output.</param>
/// <param name="Dims">The shape.</param>
/// <param name="Values">Row-major; none where there are <see cref="Bytes"/>.</param>
internal sealed record RuntimeTensor(string Name, int[] Dims, float[] Values)
{
    /// <summary>The values of a tensor of uint8, such as photos; null of float32.</summary>
    public byte[]? Bytes { get; init; }
}
