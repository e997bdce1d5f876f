namespace OneFractal.Evaluation;

/// <summary>What <see cref="Verification"/> compares the runtimes on.</summary>
public sealed record VerificationSettings
{
    /// <summary>A folder, file or glob of images, or null for seeded fractals and noise.</summary>
    public string? Images { get; init; }

    /// <summary>How many images, at most as many as there are.</summary>
    public int Count { get; init; } = 16;

    /// <summary>Seed of the images where none are given.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Largest absolute error that passes, times the largest output of the reference where that is above 1: float32 keeps seven digits
    /// of large numbers, not seven decimals.
    /// </summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>Threads of ONNX Runtime; 0 leaves it the choice.</summary>
    public int Threads { get; init; }
}
