namespace OneFractal.Data.Benchmarks;

/// <summary>How fast a data set becomes batches. The first two by one thread, each stage by itself.</summary>
/// <param name="LoadImagesPerSecond">Decoding or drawing.</param>
/// <param name="TransformImagesPerSecond">Augmentation and normalisation of loaded images.</param>
/// <param name="Workers">Threads of the loader.</param>
/// <param name="LoaderImagesPerSecond">The whole loader, when its consumer does nothing.</param>
public sealed record LoaderRates(double LoadImagesPerSecond, double TransformImagesPerSecond, int Workers, double LoaderImagesPerSecond);
