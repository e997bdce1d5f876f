namespace OneFractal.Evaluation;

/// <summary>What <see cref="StepComparison"/> measured of one network: the side in question against the one it is held against.</summary>
/// <param name="Name">Name of the backbone.</param>
/// <param name="ImageSize">Side of the images, in pixels.</param>
/// <param name="Batch">Images in a step.</param>
/// <param name="Seconds">Median time of a train step.</param>
/// <param name="BaselineSeconds">The same of the other side.</param>
/// <param name="Bytes">Memory that weights, optimizer state and steps take at their peak; null where it cannot be measured.</param>
/// <param name="BaselineBytes">The same of the other side.</param>
public sealed record StepComparisonResult(
    string Name, int ImageSize, int Batch, double Seconds, double BaselineSeconds, double? Bytes, double? BaselineBytes)
{
    /// <summary>Time over time.</summary>
    public double TimeRatio => Seconds / BaselineSeconds;

    /// <summary>Memory over memory, or null.</summary>
    public double? MemoryRatio => Bytes / BaselineBytes;
}
