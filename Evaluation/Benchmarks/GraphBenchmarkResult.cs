namespace OneFractal.Evaluation;

/// <summary>What <see cref="GraphBenchmark"/> measured of one network.</summary>
/// <param name="Name">Name of the backbone.</param>
/// <param name="ImageSize">Side of the images, in pixels.</param>
/// <param name="Batch">Images in a step.</param>
/// <param name="GraphSeconds">Median time of a train step through the graph.</param>
/// <param name="ModuleSeconds">Median time of a train step of the network written by hand.</param>
/// <param name="GraphBytes">Memory that weights, optimizer state and steps through the graph take at their peak; null where it cannot be measured.</param>
/// <param name="ModuleBytes">The same of the network written by hand.</param>
public sealed record GraphBenchmarkResult(
    string Name, int ImageSize, int Batch, double GraphSeconds, double ModuleSeconds, double? GraphBytes, double? ModuleBytes)
{
    /// <summary>Time through the graph over time by hand.</summary>
    public double StepRatio => GraphSeconds / ModuleSeconds;

    /// <summary>Memory through the graph over memory by hand, or null.</summary>
    public double? MemoryRatio => GraphBytes / ModuleBytes;
}
