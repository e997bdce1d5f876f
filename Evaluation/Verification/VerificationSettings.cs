namespace OneFractal.Evaluation;

/// <summary>What <see cref="Verification"/> compares, and on what.</summary>
public sealed record VerificationSettings
{
    /// <summary>A folder, file or glob of images, or null for seeded fractals and noise.</summary>
    public string? Images { get; init; }

    /// <summary>How many images, at most as many as there are.</summary>
    public int Count { get; init; } = 16;

    /// <summary>Seed of the images where none are given.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Largest absolute error that passes, times the reference's largest value at the same output where that is above 1: float32 keeps seven digits
    /// of large numbers, not seven decimals. Null for what suits the model's precision: 1e-4 for float32, 1e-2 for float16 (and for float32 in TF32,
    /// on a GPU, or behind preprocessing in the graph, which rounds pixels), 5e-2 for bfloat16 and int8.
    /// </summary>
    public double? Tolerance { get; init; }

    /// <summary>The runtimes to compare; null for all.</summary>
    public IReadOnlyList<VerificationRuntime>? Runtimes { get; init; }

    /// <summary>The GPU to try; <c>auto</c> takes the first, <c>cpu</c> none.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Auto;

    /// <summary>Threads of ONNX Runtime; 0 leaves it the choice.</summary>
    public int Threads { get; init; }

    /// <summary>Whether the first differing layer is looked for where a runtime fails.</summary>
    public bool Locate { get; init; }

    /// <summary>A folder whose <c>node_modules</c> has onnxruntime-node or onnxruntime-web; null for the one that <see cref="Evaluation.NodePackages.Install"/> made.</summary>
    public string? NodePackages { get; init; }

    /// <summary>
    /// The command line of OneFractal up to the verb. With it, TorchSharp and OpenCV run in processes of their own, whose crash is not this one's.
    /// </summary>
    public IReadOnlyList<string>? Command { get; init; }
}
