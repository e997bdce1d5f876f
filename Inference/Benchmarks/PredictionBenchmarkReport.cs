namespace OneFractal.Inference;

/// <summary>What <see cref="PredictionBenchmark"/> measured; speeds and ratios are medians over the rounds.</summary>
/// <param name="Device">Where it ran.</param>
/// <param name="Threads">Threads of the bare call; 0 leaves it to ONNX Runtime.</param>
/// <param name="Workers">Threads that decoded.</param>
/// <param name="ParallelRuns">Runs of the model side by side in the pipeline, among which its threads were divided.</param>
/// <param name="BatchSize">Images in one run of the model.</param>
/// <param name="Files">Different image files.</param>
/// <param name="MeanFileBytes">Their mean size.</param>
/// <param name="Rounds">Rounds measured.</param>
/// <param name="ImagesPerRound">Images of each measurement.</param>
/// <param name="SessionImagesPerSecond">The bare session call, one after the other, on images that are preprocessed already.</param>
/// <param name="DecodeImagesPerSecond">The pipeline without the model: reading, decoding, preprocessing, rows.</param>
/// <param name="PipelineImagesPerSecond">The whole, from file to row.</param>
/// <param name="PipelineToSessionRatio">The whole over the bare call, of the same round.</param>
/// <param name="LowestRatio">That of the worst round.</param>
/// <param name="HighestRatio">That of the best round.</param>
/// <param name="SessionCpuMilliseconds">Processor time of the bare call for an image, on all cores together.</param>
/// <param name="DecodeCpuMilliseconds">Processor time of everything else for an image.</param>
/// <param name="BoundRatio">
/// What the ratio would be if the processors did the work of both and nothing else: with cores to spare it is 1, and where the bare call already takes
/// them all, decoding must take its time from it.
/// </param>
public sealed record PredictionBenchmarkReport(
    ComputeDevice Device,
    int Threads,
    int Workers,
    int ParallelRuns,
    int BatchSize,
    int Files,
    double MeanFileBytes,
    int Rounds,
    int ImagesPerRound,
    double SessionImagesPerSecond,
    double DecodeImagesPerSecond,
    double PipelineImagesPerSecond,
    double PipelineToSessionRatio,
    double LowestRatio,
    double HighestRatio,
    double SessionCpuMilliseconds,
    double DecodeCpuMilliseconds,
    double BoundRatio);
