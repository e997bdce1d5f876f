namespace OneFractal.Inference;

/// <summary>What a session of a model costs before it is of use.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="FileBytes">Size of its file.</param>
/// <param name="Device">Where it runs.</param>
/// <param name="Threads">Threads asked for; 0 leaves it to ONNX Runtime.</param>
/// <param name="CreationMilliseconds">Creating the session, its file being in the system's cache: it was opened once before, to learn its shapes.</param>
/// <param name="FirstInferenceMilliseconds">The first run of all, at the smallest batch.</param>
/// <param name="MemoryBytes">What the session and runs at every batch size add to the process at their peak; null where the system does not tell.</param>
/// <param name="PeakWorkingSetBytes">The process's largest resident set meanwhile.</param>
/// <param name="GpuBytes">The process's memory on the GPU after these runs, by nvidia-smi; null without a GPU.</param>
public sealed record SessionFigures(
    string Model,
    long FileBytes,
    ComputeDevice Device,
    int Threads,
    double CreationMilliseconds,
    double FirstInferenceMilliseconds,
    double? MemoryBytes,
    double PeakWorkingSetBytes,
    double? GpuBytes);
