namespace OneFractal.Data.Benchmarks;

/// <summary>How fast images are drawn, encoding aside.</summary>
/// <param name="Mode">exact or fast.</param>
/// <param name="Size">Height and width in pixels.</param>
/// <param name="ImagesPerSecondPerCore">By one thread, eight images side by side.</param>
/// <param name="ImagesPerSecond">By a thread on every core.</param>
/// <param name="MillisecondsAlone">Time of one image drawn by itself.</param>
public sealed record SynthesisRate(string Mode, int Size, double ImagesPerSecondPerCore, double ImagesPerSecond, double MillisecondsAlone);
